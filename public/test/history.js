// Tests over time: a picture and a table, for the tests whose ids this browser keeps.
import { apiWith } from "../shared/api.js";
import { scale } from "../shared/chart.js";
import { Empty, Field, Loading, Note, Page } from "../shared/elements.js";
import { clock, dateTime } from "../shared/format.js";
import { html, useEffect, useState } from "../shared/html.js";
import { Table } from "../shared/table.js";
import { resultOf } from "./results.js";
import { groupsOf, labelledPlaces, seriesOf } from "./timeline.js";
import { changeTests } from "./stored.js";
import { HISTORY, LINKS, RESULT } from "./texts.js";

const api = apiWith(null);
const [TOP, BOTTOM, HEIGHT] = [24, 150, 176];
const day = (moment) => new Date(moment).toLocaleDateString("en-GB", { day: "numeric", month: "short" });

/** The results of the tests that could be loaded, and the number of the others. */
function useResults(tests) {
  const [state, setState] = useState(null);
  const ids = tests.map(({ sessionId }) => sessionId).join(" ");
  useEffect(() => {
    const controller = new AbortController();
    const load = async () => {
      const results = await Promise.allSettled(tests.map((test) => resultOf(api, test, controller.signal)));
      if (controller.signal.aborted) return;
      const loaded = results.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
      setState({ loaded, failed: results.length - loaded.length });
    };
    load();
    return () => controller.abort();
  }, [ids]);
  return state;
}

function Picture({ points }) {
  const y = scale(0, 100, BOTTOM, TOP);
  const x = (place) => (points.length < 2 ? 50 : 8 + (84 * place) / (points.length - 1));
  const inner = (value) => 100 - value;
  const banded = points.every(({ low }) => low !== null);
  const edge = (side) => points.map((point, place) => `${x(place).toFixed(2)},${inner(point[side]).toFixed(2)}`);
  const labels = labelledPlaces(points.length);
  const sameDay = new Set(points.map((point) => day(point.date))).size === 1;
  return html`<svg class="chart" width="100%" height=${HEIGHT} role="img" aria-label=${HISTORY.chart(points)}>
    <line class="axis" x2="100%" y1=${BOTTOM} y2=${BOTTOM} />
    ${[50, 100].map((value) => html`<line key=${value} class="grid" x2="100%" y1=${y(value)} y2=${y(value)} />`)}
    <svg y=${TOP} width="100%" height=${BOTTOM - TOP} viewBox="0 0 100 100" preserveAspectRatio="none">
      ${banded && points.length > 1 && html`<polygon class="area" points=${[...edge("high"), ...edge("low").reverse()].join(" ")} />`}
      <polyline class="ln" points=${edge("value").join(" ")} />
    </svg>
    ${[0, 50, 100].map((value) => html`<text key=${value} x="0" y=${y(value) - 4}>${value}</text>`)}
    ${points.map((point, place) => html`<circle key=${point.id} class="dot" cx=${`${x(place)}%`} cy=${y(point.value)} r="5" />`)}
    ${labels.map((place) => html`<text key=${`v${place}`} class="ink" x=${`${x(place)}%`} y=${y(points[place].value) - 12} text-anchor="middle">${points[place].value}</text>`)}
    ${labels.map((place) => html`<text key=${`d${place}`} x=${`${x(place)}%`} y=${BOTTOM + 18} text-anchor="middle">${(sameDay ? clock : day)(points[place].date)}</text>`)}
  </svg>`;
}

/** The newest group of tests as a picture; nothing if no test has a profile. */
export function OverTime({ tests }) {
  const results = useResults(tests);
  if (!results) return html`<${Loading} label=${HISTORY.loading} />`;
  const [group] = groupsOf(results.loaded);
  if (!group) return null;
  return html`<p class="small soft">${HISTORY.mean}</p><${Picture} points=${seriesOf(group, null)} />`;
}

/** Summary of a series: about the same if the first value is in the band of the last or, without bands, equal to it. */
function summaryOf(points, concept, names) {
  if (points.length < 2) return HISTORY.pool(names);
  const [first, last] = [points[0], points.at(-1)];
  const name = concept ?? HISTORY.meanOf;
  const same = last.low === null ? first.value === last.value : first.value >= last.low && first.value <= last.high;
  return same ? HISTORY.same(name, points.length) : HISTORY.moved(name, first.value, last.value, points.length);
}

function Group({ group }) {
  const single = group.names.length === 1 ? group.names[0] : null;
  const [concept, setConcept] = useState(single);
  const points = seriesOf(group, concept);
  const rows = points.map((point, place) => ({ ...point, change: place ? point.value - points[place - 1].value : null })).reverse();
  const words = HISTORY.columns;
  const summary = summaryOf(points, concept, group.names);
  return html`<section class="card flow">
    <div class="row wide-fields">
      <h2 class="grow" aria-live="polite">${summary}</h2>
      ${!single && html`<${Field} label=${HISTORY.concept} short>
        ${(props) => html`<select ...${props} value=${concept ?? ""} onChange=${(event) => setConcept(event.target.value || null)}>
          <option value="">${HISTORY.mean}</option>
          ${group.names.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
        </select>`}
      <//>`}
    </div>
    <${Picture} points=${points} />
    <${Table} label=${summary} rows=${rows} rowKey=${(row) => row.id} columns=${[
      { name: "date", label: words.date, cell: (row) => dateTime(row.date) },
      { name: "value", label: words.value, num: true, cell: (row) => html`<b>${row.value}</b>${row.low !== null && html` <span class="soft">${RESULT.range(row.low, row.high)}</span>`}` },
      { name: "change", label: words.change, num: true, className: "hide-s", cell: (row) => (row.change === null ? html`<span class="soft">${HISTORY.first}</span>` : row.change === 0 ? "0" : RESULT.change(row.change)) },
      { name: "questions", label: words.questions, num: true, className: "hide-s", cell: (row) => row.test.total_questions },
      { name: "right", label: words.right, num: true, className: "hide-s", cell: (row) => row.test.correct_responses },
    ]} />
  </section>`;
}

/** @param {{tests: object[], onForget: () => void}} props */
export function History({ tests, onForget }) {
  const results = useResults(tests);
  const forget = () => {
    changeTests({ tests: [], current: null, visitor: null });
    onForget();
  };
  const groups = results ? groupsOf(results.loaded) : [];
  useEffect(() => {
    document.title = `${HISTORY.title} – Stepwise`;
  }, []);
  return html`<${Page} links=${LINKS} current="/test">
    <div class="flow loose">
      <div class="flow tight"><h1>${HISTORY.title}</h1><p class="soft">${HISTORY.about}</p></div>
      ${!results && html`<${Loading} label=${HISTORY.loading} />`}
      ${results?.failed > 0 && html`<${Note} kind="warn">${HISTORY.gone(results.failed)}<//>`}
      ${results && !groups.length && html`<${Empty} title=${HISTORY.empty} action=${html`<a class="btn" href="/test">${HISTORY.take}</a>`}>${HISTORY.emptyHint}<//>`}
      ${groups.map((group) => html`<${Group} key=${group.key} group=${group} />`)}
      ${tests.length > 0 && html`<div class="row noprint">
        <a class="btn" href="/test">${HISTORY.take}</a>
        <button type="button" class="quiet" onClick=${forget}>${HISTORY.forget}</button>
        <span class="soft small">${HISTORY.forgetHint}</span>
      </div>`}
    </div>
  <//>`;
}
