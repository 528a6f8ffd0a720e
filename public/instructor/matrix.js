// The matrix of students and steps; the funnel is its second header row.
import { Badge } from "../shared/elements.js";
import { ago, duration } from "../shared/format.js";
import { html, memo } from "../shared/html.js";
import { SortHead } from "../shared/table.js";
import { badgeOf, cellOf } from "./model.js";
import { LEGEND, SORTS, WORDS } from "./texts.js";

const FUNNEL_HEIGHT = 34;

/** Legend of the letters and shades of the cells. */
export function Legend() {
  return html`<p class="legend soft small">
    ${LEGEND.map(([state, now, sign, word]) => html`<span key=${word}><i class="cell" aria-hidden="true" data-s=${state || null} data-now=${now || null}>${sign}</i>${word}</span>`)}
  </p>`;
}

function FunnelCell({ reached, students, drop }) {
  const height = students ? (FUNNEL_HEIGHT * reached) / students : 0;
  return html`<td role="cell" class="x fn">
    <svg width="100%" height=${FUNNEL_HEIGHT} aria-hidden="true">
      <rect class="base" width="100%" height=${FUNNEL_HEIGHT} rx="3" />
      <rect class=${drop ? "mark" : "band"} y=${FUNNEL_HEIGHT - height} width="100%" height=${height} rx="3" />
    </svg>
    <b>${reached}</b>${drop && html`<small class="bad">−${drop.lost}<span class="vh"> ${WORDS.biggestDrop}</span></small>`}
  </td>`;
}

const Row = memo(function Row({ row, steps, onOpen, minute }) {
  const badge = badgeOf(row);
  return html`<tr role="row">
    <th role="rowheader" scope="row" class="who">
      <button type="button" class="plain" onClick=${() => onOpen(row)}><bdi>${row.name}</bdi></button>
    </th>
    <td role="cell" class="st"><${Badge} kind=${badge.kind} sign=${badge.sign}>${badge.words}<//></td>
    ${steps.map((step, place) => {
      const cell = cellOf(row, place);
      return html`<td role="cell" class="x" key=${step.stepNumber}>
        <i class="cell" role="img" aria-label=${cell.label} data-s=${cell.state || null} data-now=${cell.now}>${cell.sign}</i>
      </td>`;
    })}
    <td role="cell" class="num pc">${row.completionRate} %</td>
    <td role="cell" class="num tm">${row.totalTimeSpent ? duration(row.totalTimeSpent) : "–"}</td>
    <td role="cell" class="num la">${row.lastActivity && row.status !== "notStarted" ? ago(row.lastActivity, minute) : "–"}</td>
  </tr>`;
});

/**
 * The table. `minute` is the time rounded to a minute, so that rows change once a minute.
 *
 * @param {{rows: object[], all: object[], steps: object[], funnel: object, order: object, onSort: Function,
 *   onOpen: Function, minute: number}} props
 */
export function Matrix({ rows, all, steps, funnel, order, onSort, onOpen, minute }) {
  const head = (name, label, className) => html`<${SortHead} name=${name} label=${label} order=${order} onSort=${onSort} className=${className} />`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${WORDS.matrix}>
    <table class=${`m ${steps.length > 12 ? "many" : ""}`} role="table" aria-label=${WORDS.matrix}>
      <thead role="rowgroup">
        <tr role="row">
          ${head("name", "Student", "who")} ${head("help", WORDS.status, "st")}
          ${steps.map((step) => html`<th key=${step.stepNumber} role="columnheader" scope="col" class="x" title=${step.stepName}><span>${step.stepNumber}</span> <span class="nm">${step.stepName}</span></th>`)}
          ${head("done", "Done", "num pc")} ${head("time", "Time", "num tm")} ${head("seen", SORTS.seen, "num la")}
        </tr>
        <tr role="row" class="fr">
          <th role="rowheader" scope="row" class="who">${WORDS.funnel}</th>
          <td role="cell" class="st"><span class="soft">${WORDS.of(all.length)}</span></td>
          ${steps.map((step, place) => html`<${FunnelCell} key=${step.stepNumber} reached=${funnel.reached[place]} students=${all.length} drop=${funnel.drop?.to === place + 1 ? funnel.drop : null} />`)}
          <td role="cell" class="pc"></td><td role="cell" class="tm"></td><td role="cell" class="la"></td>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map((row) => html`<${Row} key=${row.key} row=${row} steps=${steps} onOpen=${onOpen} minute=${minute} />`)}
      </tbody>
    </table>
  </div>`;
}
