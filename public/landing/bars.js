// Result of the short test so far: a bar for each concept.
import { html } from "../shared/html.js";
import { Interval } from "../test/interval.js";
import { DEMO } from "./texts.js";

const ANYWHERE = 90; // points; the level of a wider band is called unknown

/** @param {{profile: object[], levels?: object}} props `levels` has the words for below, around and above */
export function Bars({ profile, levels = {} }) {
  return html`<table class="flat pf bars" aria-label=${DEMO.label}><tbody>
    ${profile.map((row) => html`<tr key=${row.name}>
      <th scope="row">${row.name}</th>
      <td class="pic"><${Interval} row=${row} height=${22} /></td>
      <td class="num soft"><span class="vh">${row.value}, ${row.low} to ${row.high}: </span>${row.high - row.low > ANYWHERE ? DEMO.unknown : levels[row.level]}</td>
    </tr>`)}
  </tbody></table>`;
}
