// The card beside today's plan: mastery by subject.
import { Share } from "../shared/chart.js";
import { html } from "../shared/html.js";
import { subjectsOf } from "./model.js";
import { MASTERY } from "./texts.js";

/** The student's mastery, a bar for each subject. */
export function MasteryCard({ overview }) {
  const subjects = subjectsOf(overview.topics, overview.mastery.topics, overview.progress);
  if (!subjects.length) return null;
  return html`<section class="card flow tight">
    <h2>${MASTERY.title}</h2>
    <ul class="topics small">${subjects.map(({ id, name, score }) => html`<li key=${id}>
      <span class="row nw"><bdi class="grow">${name}</bdi><b class="num">${Math.round(score)}</b></span><${Share} value=${score / 100} height=${6} />
    </li>`)}</ul>
    <p class="small"><a href="#progress">${MASTERY.more}</a></p>
  </section>`;
}
