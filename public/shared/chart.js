// Charts as small SVGs: x in per cent of the width, y in pixels, so that text keeps its size.
import { html } from "./html.js";

const TOP = 18;
const BOTTOM = 34;

/** The linear function that maps `from` to `start` and `to` to `end`. */
export function scale(from, to, start, end) {
  const span = to - from || 1;
  return (value) => start + ((value - from) / span) * (end - start);
}

/** The round numbers between two ends, at most `count` + 1: multiples of 1, 2 or 5 times a power of ten. */
export function ticks(from, to, count = 5) {
  const rough = (to - from) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

const label = (value) => String(value).replace("-", "−");

/**
 * Axes with grid lines around what `children({x, y, top, bottom})` draws; `x` and `y` are scales.
 *
 * @param {{title: string, x: [number, number], y: [number, number], xName: string, yName: string,
 *   height?: number, children: Function}} props `title` states what the chart shows
 */
export function Chart({ title, x, y, xName, yName, height = 236, children }) {
  const bottom = height - BOTTOM;
  const atX = scale(x[0], x[1], 0, 100);
  const atY = scale(y[0], y[1], bottom, TOP);
  const inside = (values, [from, to]) => values.filter((value) => value > from && value < to);
  return html`<svg class="chart" width="100%" height=${height} role="img" aria-label=${title}>
    <line class="axis" x2="100%" y1=${bottom} y2=${bottom} />
    ${inside(ticks(...x), x).map((value) => html`<line key=${`x${value}`} class="grid" x1=${`${atX(value)}%`} x2=${`${atX(value)}%`} y1=${TOP} y2=${bottom} />`)}
    ${inside(ticks(...y, 4), y).map((value) => html`<line key=${`y${value}`} class="grid" x2="100%" y1=${atY(value)} y2=${atY(value)} />`)}
    ${children({ x: atX, y: atY, top: TOP, bottom })}
    ${inside(ticks(...x), x).map((value) => html`<text key=${`tx${value}`} x=${`${atX(value)}%`} y=${bottom + 16} text-anchor="middle">${label(value)}</text>`)}
    ${inside(ticks(...y, 4), y).map((value) => html`<text key=${`ty${value}`} x="0" y=${atY(value) - 4}>${label(value)}</text>`)}
    <text x="100%" y=${bottom + 32} text-anchor="end">${xName} →</text>
    <text x="0" y="11">↑ ${yName}</text>
  </svg>`;
}

/** A line, optionally with the area below it; `points` are [x, y] in the chart's units. */
export function Line({ points, x, y, top, bottom, area = false, className = "ln" }) {
  const inner = scale(top, bottom, 0, 100);
  const text = points.map(([a, b]) => `${x(a).toFixed(2)},${inner(y(b)).toFixed(2)}`).join(" ");
  const ends = points.length && `${x(points[0][0])},100 ${text} ${x(points.at(-1)[0])},100`;
  return html`<svg y=${top} width="100%" height=${bottom - top} viewBox="0 0 100 100" preserveAspectRatio="none">
    ${area && ends && html`<polygon class="area" points=${ends} />`}
    <polyline class=${className} points=${text} />
  </svg>`;
}

/** A bar for a share, 0 to 1; hidden from screen readers, since its number is beside it. */
export function Share({ value, warn = false, height = 8 }) {
  return html`<svg width="100%" height=${height} aria-hidden="true">
    <rect class="base" width="100%" height=${height} rx=${height / 2} />
    <rect class=${warn ? "mark" : "dot"} width=${`${100 * Math.min(1, Math.max(0, value))}%`} height=${height} rx=${height / 2} />
  </svg>`;
}
