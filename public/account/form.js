// A form that shows faults at their fields, with a summary above if there are several.
import { Field, ProblemNote } from "../shared/elements.js";
import { html, useRef, useState } from "../shared/html.js";
import { refusedFields } from "./model.js";
import { ACCOUNT } from "./texts.js";

/**
 * @param {{fields: {name: string, label: string, hint?: string, control?: object, short?: boolean}[],
 *   check: (values: object) => object, send: (values: object) => Promise<any>, label: string,
 *   busyLabel: string, className?: string}} props `control` are attributes of the
 *   input; `check` returns faults by field
 */
export function Form({ fields, check, send, label, busyLabel, className = "large" }) {
  const [faults, setFaults] = useState({});
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const note = useRef(null);
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
    const values = Object.fromEntries(new FormData(form.current));
    setProblem(null);
    if (show(check(values))) return;
    setBusy(true);
    try {
      await send(values);
      if (form.current) setBusy(false);
    } catch (failure) {
      const serverFaults = refusedFields(failure, fields.map(({ name }) => name));
      if (serverFaults) show(serverFaults);
      else setProblem(failure);
      setBusy(false);
    }
  };
  const wrong = fields.filter(({ name }) => faults[name]);
  return html`<form class="flow" ref=${form} onSubmit=${submit} noValidate>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${wrong.length > 1 && html`<div class="note bad" role="alert" tabindex="-1" ref=${note}><div>
      <p><b>${ACCOUNT.wrongFields(wrong.length)}</b></p>
      <ul>${wrong.map(({ name, label: title }) => html`<li key=${name}><button type="button" class="plain" onClick=${() => form.current.elements[name].focus()}>${title}: ${faults[name]}</button></li>`)}</ul>
    </div></div>`}
    <div class="row fields">
      ${fields.map((field) => html`<${Field} key=${field.name} label=${field.label} hint=${field.hint} error=${faults[field.name]} short=${field.short}>
        ${(props) => html`<input ...${props} name=${field.name} ...${field.control} />`}
      <//>`)}
    </div>
    <div class="row"><button class=${className} aria-disabled=${busy ? "true" : null}>${busy ? busyLabel : label}</button></div>
  </form>`;
}
