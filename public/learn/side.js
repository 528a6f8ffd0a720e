// The cards beside today's plan: this device, and mastery by subject.
import { Share } from "../shared/chart.js";
import { html } from "../shared/html.js";
import { subjectsOf } from "./model.js";
import { SyncBadge } from "./sync_state.js";
import { DEVICE, MASTERY } from "./texts.js";

/** The answers of this device that wait for the server. */
export function DeviceCard({ sync, loadedAt }) {
  return html`<section class="card flow tight">
    <div class="row"><h2>${DEVICE.title}</h2><span class="push"><${SyncBadge} sync=${sync} loadedAt=${loadedAt} /></span></div>
    <p class="small soft">${DEVICE.kept}</p>
    <button type="button" class="quiet" aria-disabled=${sync.sending ? "true" : null} onClick=${sync.send}>${DEVICE.send}</button>
  </section>`;
}

/** The student's mastery, a bar for each subject. */
export function KnownCard({ overview }) {
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
