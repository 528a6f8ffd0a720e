// The two pictures of a pool: its questions, and what a test on it can measure.
import { Chart, Line } from "../shared/chart.js";
import { Field } from "../shared/elements.js";
import { number } from "../shared/format.js";
import { html, useState } from "../shared/html.js";
import { Table } from "../shared/table.js";
import { preciseRange } from "./model.js";
import { CHARTS, LIST, POOL } from "./texts.js";

const MAX_ERROR_LINES = 200; // with more questions the error lines hide the points
const MAX_LABELS = 5;

/** Difficulty against discrimination; flagged questions are amber squares, the first of them with their id. */
export function Scatter({ questions, flags }) {
  const active = questions.filter((question) => question.is_asked);
  const marked = new Set(flags.map(({ question }) => question.id));
  const highest = Math.max(2, ...active.map((question) => question.parameters.discrimination));
  const labels = flags.filter(({ question }) => question.is_asked).slice(0, MAX_LABELS);
  return html`<section class="card flow tight" aria-labelledby="scatter">
    <h2 id="scatter">${CHARTS.scatter}</h2>
    <p class="soft small">${CHARTS.scatterHint}</p>
    <${Chart} title=${CHARTS.scatterSummary(active.length, flags.filter(({ question }) => question.is_asked).length)} x=${[0, 1]} y=${[0, 1.1 * highest]} xName=${CHARTS.difficulty} yName=${CHARTS.discrimination}>
      ${({ x, y }) => html`
        ${active.length <= MAX_ERROR_LINES && active.map(({ id, parameters, calibration }) => {
          const error = calibration?.errors.difficulty;
          return error && html`<line key=${`e${id}`} class="err" x1=${`${x(Math.max(0, parameters.difficulty - error))}%`} x2=${`${x(Math.min(1, parameters.difficulty + error))}%`} y1=${y(parameters.discrimination)} y2=${y(parameters.discrimination)} />`;
        })}
        ${active.map(({ id, parameters: { difficulty, discrimination } }) =>
          marked.has(id)
            ? html`<svg key=${id} x=${`${x(difficulty)}%`} y=${y(discrimination)} overflow="visible"><rect class="mark" x="-5" y="-5" width="10" height="10" /></svg>`
            : html`<circle key=${id} class="dot pt" cx=${`${x(difficulty)}%`} cy=${y(discrimination)} r="3.5" />`)}
        ${labels.map(({ question: { id, parameters: { difficulty, discrimination } } }) => html`<text key=${`t${id}`} class="ink" x=${`${x(difficulty)}%`} y=${y(discrimination) + 4} dx=${difficulty > 0.7 ? -9 : 9} text-anchor=${difficulty > 0.7 ? "end" : "start"}>${id.slice(0, 24)}</text>`)}
      `}
    <//>
    <details><summary>${CHARTS.asTable}</summary>
      <${Table} label=${CHARTS.scatter} rows=${active.slice(0, 100)} rowKey=${(question) => question.id} columns=${[
        { name: "id", label: LIST.columns.question, className: "mono", cell: (question) => question.id },
        { name: "difficulty", label: LIST.columns.difficulty, num: true, cell: (question) => number(question.parameters.difficulty, 2) },
        { name: "discrimination", label: LIST.columns.discrimination, num: true, cell: (question) => number(question.parameters.discrimination, 2) },
      ]} />
    </details>
  </section>`;
}

/** The deviation that a test reaches over the range of proficiency, for one concept. */
export function Precision({ precision }) {
  const names = precision.concepts.map(({ name }, place) => POOL.concept(place, name));
  const ranges = precision.concepts.map(({ deviations }) => preciseRange(precision.proficiencies, deviations, precision.precise_enough));
  const width = (range) => (range ? range[1] - range[0] : 0);
  const [place, setPlace] = useState(() => ranges.reduce((least, range, n) => (width(range) < width(ranges[least]) ? n : least), 0));
  const { deviations } = precision.concepts[place];
  const points = precision.proficiencies.map((proficiency, n) => [proficiency, deviations[n]]);
  const summary = CHARTS.precise(names[place], ranges[place], precision.questions);
  return html`<section class="card flow tight" aria-labelledby="precision">
    <h2 id="precision">${CHARTS.precision}</h2>
    <p class="soft small">${summary}</p>
    <${Chart} title=${summary} x=${[0, 1]} y=${[0, 1]} xName=${CHARTS.proficiency} yName=${CHARTS.deviation}>
      ${({ x, y, top, bottom }) => html`
        <${Line} points=${points} x=${x} y=${y} top=${top} bottom=${bottom} />
        <line class="mark-ln" x2="100%" y1=${y(precision.precise_enough)} y2=${y(precision.precise_enough)} stroke-dasharray="5 4" />
        <text class="ink" x="100%" y=${y(precision.precise_enough) + 14} text-anchor="end">${CHARTS.enough}</text>
      `}
    <//>
    ${names.length > 1 && html`<${Field} label=${CHARTS.concept} short>
      ${(props) => html`<select ...${props} value=${String(place)} onChange=${(event) => setPlace(Number(event.target.value))}>
        ${names.map((name, n) => html`<option key=${n} value=${String(n)}>${name}</option>`)}
      </select>`}
    <//>`}
    <details><summary>${CHARTS.asTable}</summary>
      <${Table} label=${CHARTS.precision} rows=${points.filter((_, n) => n % 4 === 0)} rowKey=${([proficiency]) => proficiency} columns=${[
        { name: "proficiency", label: CHARTS.proficiency, cell: ([proficiency]) => Math.round(100 * proficiency) },
        { name: "deviation", label: CHARTS.deviation, num: true, cell: ([, deviation]) => number(deviation, 2) },
      ]} />
    </details>
  </section>`;
}
