// A chart of a level, or of an expected mark, with its interval; the numbers are shown beside it.
import { html } from "../shared/html.js";

/** A band on a track from 0 to 100, with the level now (full) and before (hollow). */
export function Interval({ row, height = 28, label = null }) {
  const middle = height / 2;
  return html`<svg class="iv" width="100%" height=${height} role=${label ? "img" : null} aria-label=${label} aria-hidden=${label ? null : "true"}>
    <rect class="base" y=${middle - 5} width="100%" height="10" rx="5" />
    <line class="middle" x1="50%" x2="50%" y1=${middle - 10} y2=${middle + 10} />
    <rect class="band" x=${`${row.low}%`} y=${middle - 5} width=${`${Math.max(1, row.high - row.low)}%`} height="10" rx="5" />
    ${row.before !== null && html`<circle class="hollow" cx=${`${row.before}%`} cy=${middle} r="5" />`}
    <circle class="dot" cx=${`${row.value}%`} cy=${middle} r="7" />
  </svg>`;
}
