// The cards beside today's plan: this device and the class.
import { Form } from "../account/form.js";
import { Share } from "../shared/chart.js";
import { Note } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { subjectsOf } from "./model.js";
import { SyncBadge } from "./sync_state.js";
import { CLASS, DEVICE, MASTERY } from "./texts.js";

/** The answers of this device that wait for the server. */
export function DeviceCard({ sync, loadedAt }) {
  return html`<section class="card flow tight">
    <div class="row"><h2>${DEVICE.title}</h2><span class="push"><${SyncBadge} sync=${sync} loadedAt=${loadedAt} /></span></div>
    <p class="small soft">${DEVICE.kept}</p>
    <button type="button" class="quiet" aria-disabled=${sync.sending ? "true" : null} onClick=${sync.send}>${DEVICE.send}</button>
  </section>`;
}

/** What the student knows, a bar for each subject. */
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

const FIELDS = [{ name: "code", label: CLASS.code, hint: CLASS.codeHint, control: { maxlength: 20, autocomplete: "off", spellcheck: false } }];

/** The student's class, or the form that joins one. */
export function ClassCard({ ownClass, data, onChange }) {
  const [joined, setJoined] = useState(null);
  const check = ({ code }) => (code.trim().length < 4 ? { code: CLASS.codeMissing } : {});
  const join = async ({ code }) => {
    try {
      const { classes } = await data.join(code.trim());
      setJoined(classes[0].name);
      onChange();
    } catch (problem) {
      if (problem.code !== "join_code_unknown") throw problem;
      problem.details = [{ field: "code", problem: CLASS.codeUnknown }];
      throw problem;
    }
  };
  return html`<section class="card flow tight">
    <h2>${CLASS.title}</h2>
    ${joined && html`<${Note} kind="good">${CLASS.joined(joined)}<//>`}
    ${ownClass
      ? html`<p><bdi>${CLASS.in(ownClass.name)}</bdi></p>`
      : html`<p class="small soft">${CLASS.none}</p><${Form} fields=${FIELDS} check=${check} send=${join} label=${CLASS.join} busyLabel=${CLASS.joining} className="quiet" />`}
  </section>`;
}
