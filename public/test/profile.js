// A profile: for each concept the level in words, as an interval, and as numbers.
import { Badge } from "../shared/elements.js";
import { html } from "../shared/html.js";
import { LEVELS, RESULT } from "./texts.js";

const KINDS = { below: "", around: "info", above: "good" };

/** A band on a track from 0 to 100, with the level now (full) and before (hollow). */
export function Interval({ row, height = 28, label = null }) {
  const middle = height / 2;
  return html`<svg class="iv" width="100%" height=${height} role=${label ? "img" : null} aria-label=${label} aria-hidden=${label ? null : "true"}>
    <rect class="base" y=${middle - 5} width="100%" height="10" rx="5" />
    <line class="cut" x1="50%" x2="50%" y1=${middle - 10} y2=${middle + 10} />
    <rect class="band" x=${`${row.low}%`} y=${middle - 5} width=${`${Math.max(1, row.high - row.low)}%`} height="10" rx="5" />
    ${row.before !== null && html`<circle class="hollow" cx=${`${row.before}%`} cy=${middle} r="5" />`}
    <circle class="dot" cx=${`${row.value}%`} cy=${middle} r="7" />
  </svg>`;
}

/** What the signs in a profile mean. */
export function ProfileLegend({ before }) {
  return html`<p class="legend soft small">
    <span><svg class="key" width="18" height="14" aria-hidden="true"><circle class="dot" cx="9" cy="7" r="6" /></svg>${RESULT.now}</span>
    ${before && html`<span><svg class="key" width="18" height="14" aria-hidden="true"><circle class="hollow" cx="9" cy="7" r="5" /></svg>${RESULT.before}</span>`}
    <span><svg class="key" width="34" height="14" aria-hidden="true"><rect class="band" y="2" width="34" height="10" rx="5" /></svg>${RESULT.band}</span>
  </p>`;
}

function Change({ row }) {
  if (row.before === null) return null;
  if (row.change === null) return html`<span class="soft">${RESULT.same}</span>`;
  return html`<b>${RESULT.change(row.change)}</b> <span class="soft">${RESULT.was(row.before)}</span>`;
}

/** The profile of a result as a table. */
export function Profile({ profile }) {
  const words = RESULT.columns;
  const before = profile.some((row) => row.before !== null);
  return html`<table class="flat pf stacked" role="table" aria-label=${RESULT.profile}>
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">${words.concept}</th>
        <th role="columnheader" scope="col">${words.level}</th>
        <th role="columnheader" scope="col" class="pic"><span class="ends"><span>${words.low}</span><span>${words.middle}</span><span>${words.high}</span></span></th>
        <th role="columnheader" scope="col" class="num">${words.value}</th>
        ${before && html`<th role="columnheader" scope="col" class="num">${words.change}</th>`}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${profile.map((row) => html`<tr role="row" key=${row.name}>
        <th role="rowheader" scope="row"><bdi>${row.name}</bdi></th>
        <td role="cell" class="lv"><${Badge} kind=${KINDS[row.level]}>${LEVELS[row.level]}<//></td>
        <td role="cell" class="pic line"><${Interval} row=${row} /></td>
        <td role="cell" class="num rg"><b>${row.value}</b> <span class="soft">${RESULT.range(row.low, row.high)}</span></td>
        ${before && html`<td role="cell" class="num ch"><${Change} row=${row} /></td>`}
      </tr>`)}
    </tbody>
  </table>`;
}
