// The mastery of a class by topic, the weakest first.
import { Share } from "../shared/chart.js";
import { html } from "../shared/html.js";
import { Table, useRowsAtATime } from "../shared/table.js";
import { costliest } from "./model.js";
import { STUDENTS, TOPICS } from "./texts.js";

const AT_A_TIME = 15;

const COLUMNS = [
  { name: "topic", label: TOPICS.columns.topic, cell: ({ name }) => html`<bdi>${name}</bdi>` },
  { name: "class", label: TOPICS.columns.class, num: true, cell: ({ mean, begun }) => (begun ? html`<b>${Math.round(mean)}</b>` : html`<span class="soft">${TOPICS.notBegun}</span>`) },
  { name: "bar", label: html`<span class="vh">${TOPICS.columns.class}</span>`, className: "pic line", cell: ({ mean, weak }) => html`<${Share} value=${mean / 100} warn=${weak} />` },
  { name: "exam", label: TOPICS.columns.exam, num: true, className: "hide-s", cell: ({ weight }) => `${weight.toFixed(1)} %` },
  { name: "below", label: TOPICS.columns.below, num: true, cell: ({ below, begun }) => (below === null || !begun ? html`<span class="soft">${STUDENTS.dash}</span>` : html`<span class="warn"><span class="hide-s">${below}</span><span class="only-s">${TOPICS.below(below)}</span></span>`) },
];

export function TopicsCard({ rows }) {
  const { visibleRows, more } = useRowsAtATime(rows, AT_A_TIME);
  const worst = costliest(rows);
  const notBegunCount = rows.filter(({ begun }) => !begun).length;
  return html`<section class="card flow mb" aria-labelledby="topics">
    <h2 id="topics">${TOPICS.title}</h2>
    <p class="small">${worst.length ? TOPICS.weakest(worst.map(({ name }) => name).join(", ")) : TOPICS.solid}${notBegunCount > 0 && TOPICS.notBegunCount(notBegunCount)}</p>
    <${Table} label=${TOPICS.label} columns=${COLUMNS} rows=${visibleRows} rowKey=${({ id }) => id} />
    ${more}
    <p class="small soft">${TOPICS.about}</p>
  </section>`;
}
