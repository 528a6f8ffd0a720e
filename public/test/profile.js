// A profile: for each concept the level in words, as an interval, and as numbers.
import { Badge } from "../shared/elements.js";
import { html } from "../shared/html.js";
import { Interval } from "./interval.js";
import { LEVELS, RESULT } from "./texts.js";

const KINDS = { below: "", around: "info", above: "good" };

/** Legend of the signs in a profile. */
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
