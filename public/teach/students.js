// The students of a class: expected marks, risk, and its reason.
import { Badge } from "../shared/elements.js";
import { html } from "../shared/html.js";
import { Table, useRowsAtATime } from "../shared/table.js";
import { Interval } from "../test/interval.js";
import { STUDENTS } from "./texts.js";

const BADGES = { high: ["warn", "!"], medium: ["info", ""], none: ["", ""] };
const MAX_TOPICS = 2; // in the reason of a risk
const AT_A_TIME = 12;

/** The risk of a student as a badge. */
export function Risk({ risk }) {
  const [kind, sign] = BADGES[risk];
  return html`<${Badge} kind=${kind} sign=${sign}>${STUDENTS.risk[risk]}<//>`;
}

/** The reason why a student is at risk, as a sentence. */
export function reasonOf({ mean, weak }) {
  return mean === null ? STUDENTS.dash : STUDENTS.why(mean, weak.slice(0, MAX_TOPICS).map(STUDENTS.topic).join(", "));
}

/** @param {{rows: object[], all: number, onOpen: (row: object) => void}} props */
export function StudentTable({ rows, all, onOpen }) {
  const { visibleRows, more } = useRowsAtATime(rows, AT_A_TIME);
  const columns = [
    { name: "student", label: STUDENTS.columns.student, cell: (row) => html`<button type="button" class="plain" onClick=${() => onOpen(row)}><bdi>${row.name}</bdi></button>` },
    { name: "expected", label: STUDENTS.columns.expected, num: true, cell: ({ value, low, high }) => (value === null ? STUDENTS.dash : html`<b>${Math.round(value)}</b> <span class="soft">${STUDENTS.range(low, high)}</span>`) },
    { name: "picture", label: STUDENTS.columns.picture, className: "pic line", cell: (row) => row.value !== null && html`<${Interval} row=${row} height=${24} />` },
    { name: "risk", label: STUDENTS.columns.risk, cell: (row) => html`<${Risk} risk=${row.risk} />` },
    { name: "why", label: STUDENTS.columns.why, className: "why-cell", cell: (row) => html`<span class="small soft">${reasonOf(row)}</span>` },
  ];
  return html`<section class="card flow rk" aria-labelledby="students">
    <h2 id="students">${STUDENTS.title} <span class="soft small" role="status">${STUDENTS.shown(rows.length, all)}</span></h2>
    ${rows.length ? html`<${Table} label=${STUDENTS.label} columns=${columns} rows=${visibleRows} rowKey=${({ id }) => id} />` : html`<p class="soft">${STUDENTS.nobody}</p>`}
    ${more}
    <p class="soft small">${STUDENTS.about}</p>
  </section>`;
}
