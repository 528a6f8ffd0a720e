// The cards beside the plan: the last 30 days and the last week.
import { html } from "../shared/html.js";
import { movedTopics, timelineFacts } from "./model.js";
import { TIMELINE, WEEK } from "./texts.js";

const HEIGHT = 64;
const MIN_HEIGHT = 2;
const MAX_TOPICS = 3;

/** A bar for each day: its answers, the right ones in the accent colour. */
export function DayBars({ timeline, height = HEIGHT }) {
  const { days, answers, most } = timelineFacts(timeline);
  const step = 100 / timeline.length;
  return html`<svg width="100%" height=${height} role="img" aria-label=${TIMELINE.label(days, answers, most)}>
    ${timeline.map((day, place) => {
      const whole = most ? (day.questions_attempted / most) * height : 0;
      const right = most ? (day.correct / most) * height : 0;
      return html`<g key=${day.date}>
        <rect class=${whole ? "band" : "base"} x=${`${place * step}%`} y=${height - Math.max(MIN_HEIGHT, whole)} width=${`${step * 0.72}%`} height=${Math.max(MIN_HEIGHT, whole)} rx="2" />
        ${right > 0 && html`<rect class="dot" x=${`${place * step}%`} y=${height - right} width=${`${step * 0.72}%`} height=${right} rx="2" />`}
      </g>`;
    })}
  </svg>`;
}

/** The last 30 days in a picture and a sentence. */
export function MonthCard({ timeline }) {
  const { days, answers, accuracy } = timelineFacts(timeline);
  return html`<section class="card flow tight">
    <h2>${TIMELINE.title}</h2>
    ${answers ? html`<${DayBars} timeline=${timeline} />` : null}
    <p class="small soft">${answers ? TIMELINE.summary(days, answers, accuracy) : TIMELINE.empty}</p>
  </section>`;
}

function Moved({ rows, label, className }) {
  return html`<p class="small"><b class=${className}>${label}</b> ${rows.slice(0, MAX_TOPICS).map((row, place) => html`<span key=${row.topic_id}>${place > 0 && ", "}<bdi>${WEEK.change(row.topic_name, row.change)}</bdi></span>`)}</p>`;
}

/** The topics that rose or fell in the last seven days. */
export function WeekCard({ progress }) {
  const rose = movedTopics(progress.rose);
  const fell = movedTopics(progress.fell);
  return html`<section class="card flow tight">
    <h2>${WEEK.title}</h2>
    ${rose.length > 0 && html`<${Moved} rows=${rose} label=${WEEK.rose} className="good" />`}
    ${fell.length > 0 && html`<${Moved} rows=${fell} label=${WEEK.fell} className="warn" />`}
    ${!rose.length && !fell.length && html`<p class="small soft">${WEEK.none}</p>`}
  </section>`;
}
