// The form of a bug report.
import { apiWith } from "../shared/api.js";
import { Dialog } from "../shared/dialog.js";
import { Field, ProblemNote } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { BUG } from "./texts.js";

const api = apiWith(null);

/** @param {{session: object, steps: object[], current: number|null, onSent: (number: number) => void, onClose: () => void}} props */
export function BugDialog({ session, steps, current, onSent, onClose }) {
  const [missing, setMissing] = useState(false);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const { description, step, expected } = event.target.elements;
    setProblem(null);
    setMissing(!description.value.trim());
    if (!description.value.trim()) {
      description.focus();
      return;
    }
    setBusy(true);
    try {
      const body = {
        sessionToken: session.session_token,
        description: description.value,
        step: step.value,
        expectedBehavior: expected.value,
        pageUrl: `${location.origin}${location.pathname}`,
        userAgent: navigator.userAgent,
      };
      onSent((await api("POST", "/api/report-bug", { body })).reportId);
    } catch (failure) {
      setProblem(failure);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${BUG.title} onClose=${onClose}>
    <p class="soft">${BUG.about}</p>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    <form class="flow" onSubmit=${submit} noValidate>
      <${Field} label=${BUG.what} error=${missing ? BUG.missing : null}>${(props) => html`<textarea ...${props} name="description" rows="5" maxlength="5000" />`}<//>
      <${Field} label=${BUG.step}>${(props) => html`<select ...${props} name="step">
        <option value="">${BUG.noStep}</option>
        ${steps.map(({ number, name }) => html`<option key=${number} value=${number} selected=${number === current}>${number} ${name}</option>`)}
      </select>`}<//>
      <${Field} label=${BUG.expected}>${(props) => html`<textarea ...${props} name="expected" rows="3" maxlength="5000" />`}<//>
      <button class="large" aria-disabled=${busy ? "true" : null}>${busy ? BUG.sending : BUG.send}</button>
    </form>
  <//>`;
}
