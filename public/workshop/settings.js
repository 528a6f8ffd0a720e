// The form that changes the configuration of a session.
import { apiWith } from "../shared/api.js";
import { Dialog } from "../shared/dialog.js";
import { Field, Note, ProblemNote } from "../shared/elements.js";
import { html, useRef, useState } from "../shared/html.js";
import { changedFields, faultsOf, fieldsOf, refusedFields } from "./model.js";
import { SETTINGS } from "./texts.js";

const api = apiWith(null);
const REFUSALS = { stale_configuration: SETTINGS.stale, session_of_another_student: SETTINGS.otherStudent };
const TYPES = { email: "email", url: "url", socket: "url" };

function Control({ field, session, props }) {
  const { name, kind, column, choices, most = 2000, autocomplete = "off" } = field;
  if (kind === "secret") return html`<input ...${props} name=${name} type="password" autocomplete="new-password" maxlength="500" placeholder=${session[column] ? SETTINGS.set : ""} />`;
  const value = session[column] ?? "";
  if (kind === "long") return html`<textarea ...${props} name=${name} rows="4" maxlength=${most} defaultValue=${value} />`;
  if (kind === "choice") {
    const options = choices.includes(value) || !value ? choices : [value, ...choices];
    return html`<select ...${props} name=${name}>
      <option value="" selected=${!value}>–</option>
      ${options.map((choice) => html`<option key=${choice} value=${choice} selected=${choice === value}>${choice}</option>`)}
    </select>`;
  }
  return html`<input ...${props} name=${name} type=${TYPES[kind] ?? "text"} autocomplete=${autocomplete} maxlength="2000" defaultValue=${value} />`;
}

/** The fields that need a change, with a button that goes to each; nothing for a single one, which has the focus. */
function Faults({ fields, faults, form, note }) {
  const wrong = fields.filter(({ name }) => faults[name]);
  if (wrong.length < 2) return null;
  return html`<div class="note bad" role="alert" tabindex="-1" ref=${note}><div>
    <p><b>${SETTINGS.wrong(wrong.length)}</b></p>
    <ul>${wrong.map(({ name, label }) => html`<li key=${name}><button type="button" class="plain" onClick=${() => form.current.elements[name].focus()}>${label}: ${faults[name]}</button></li>`)}</ul>
  </div></div>`;
}

/**
 * @param {{session: object, course: object, onSaved: () => void, onClose: () => void}} props a later state of `session`
 *   does not change the open form
 */
export function SettingsDialog({ session: initial, course, onSaved, onClose }) {
  const [session] = useState(initial);
  const [faults, setFaults] = useState({});
  const [problem, setProblem] = useState(null);
  const [same, setSame] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const note = useRef(null);
  const fields = fieldsOf(course);
  const show = (nextFaults) => {
    setFaults(nextFaults);
    const wrong = fields.filter(({ name }) => nextFaults[name]);
    if (wrong.length === 1) form.current.elements[wrong[0].name].focus();
    if (wrong.length > 1) setTimeout(() => note.current?.focus());
    return wrong.length > 0;
  };
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const changes = changedFields(fields, session, Object.fromEntries(new FormData(form.current)));
    setProblem(null);
    setSame(!Object.keys(changes).length);
    if (show(faultsOf(fields, changes)) || !Object.keys(changes).length) return;
    setBusy(true);
    try {
      await api("PUT", "/api/student-config-update", { body: { sessionToken: session.session_token, version: session.version, ...changes } });
      onSaved();
    } catch (failure) {
      if (!show(refusedFields(failure, fields.map(({ name }) => name)))) setProblem(failure);
      setBusy(false);
    }
  };
  const refusal = problem && REFUSALS[problem.code];
  return html`<${Dialog} title=${SETTINGS.title} onClose=${onClose}>
    ${problem && (refusal ? html`<${Note} kind="bad" fact=${refusal[0]}>${refusal[1]}<//>` : html`<${ProblemNote} problem=${problem} />`)}
    ${same && html`<${Note}>${SETTINGS.same}<//>`}
    <${Faults} fields=${fields} faults=${faults} form=${form} note=${note} />
    <form class="flow" ref=${form} onSubmit=${submit} noValidate>
      ${fields.map((field) => html`<${Field} key=${field.name} label=${field.label} hint=${field.kind === "secret" ? SETTINGS.secretHint : null} error=${faults[field.name]}>
        ${(props) => html`<${Control} field=${field} session=${session} props=${props} />`}
      <//>`)}
      <button class="large" aria-disabled=${busy ? "true" : null}>${busy ? SETTINGS.saving : SETTINGS.save}</button>
    </form>
  <//>`;
}
