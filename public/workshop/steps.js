// The steps of a course: what is done, where the student is, and how long each took.
import { Badge } from "../shared/elements.js";
import { duration } from "../shared/format.js";
import { html } from "../shared/html.js";
import { STEPS } from "./texts.js";

function Parts({ step }) {
  const doneCount = step.parts.filter((part) => part.done).length;
  const next = step.parts.find((part) => !part.done);
  return html`<progress value=${doneCount} max=${step.parts.length} aria-label=${`${step.name}: ${STEPS.parts(doneCount, step.parts.length)}`} />
    <ul class="checks small">
      ${step.parts.map((part) => html`<li key=${part.words}><${Badge} kind=${part.done ? "good" : ""} sign=${part.done ? "✓" : null}>${part === next ? `${STEPS.next}: ` : ""}${part.words}<//></li>`)}
    </ul>`;
}

function Step({ step, here }) {
  const state = here ? STEPS.states.now : STEPS.states[step.state];
  const time = step.seconds ? (step.state === "done" ? duration(step.seconds) : STEPS.soFar(duration(step.seconds))) : "";
  const attempts = here ? STEPS.attempts(step.attempts) : "";
  const Name = here ? "h3" : "span";
  const sign = step.state === "done" ? "✓" : step.number;
  // `data-s` is a state letter as in class-progress and sets the colour; a begun step looks like a validated one.
  return html`<li class=${`ws ${here ? "now" : ""}`} aria-current=${here ? "step" : null}>
    <i class="cell" aria-hidden="true" data-s=${step.state === "done" ? "y" : step.state === "begun" ? "v" : null} data-now=${here ? "yes" : null}>${sign}</i>
    <div class="flow tight">
      <div class=${`row ${here ? "" : "nw"}`}>
        <${Name} class=${step.state === "open" && !here ? "soft" : ""}>${step.name}<span class="vh">, ${state}</span><//>
        <span class="num soft small push">${[time, attempts].filter(Boolean).join(", ")}</span>
      </div>
      ${here && step.parts.length > 1 && html`<${Parts} step=${step} />`}
    </div>
  </li>`;
}

/** @param {{title: string, steps: object[], current: number|null, counts: {done: number, all: number}}} props */
export function Steps({ title, steps, current, counts }) {
  const words = STEPS.done(counts.done, counts.all);
  return html`<section class="card flow">
    <div class="flow tight">
      <div class="row"><h2>${title}</h2><span class="push soft small">${words}</span></div>
      <progress value=${counts.done} max=${counts.all} aria-label=${words} />
    </div>
    <ol class="wsl">${steps.map((step) => html`<${Step} key=${step.number} step=${step} here=${step.number === current} />`)}</ol>
  </section>`;
}
