// Entry of a student: begin, return with a link, or view steps only.
import { apiWith } from "../shared/api.js";
import { Field, Note, ProblemNote } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { isEmail, lookupOf, tokenIn } from "./model.js";
import { ENTRY } from "./texts.js";

const api = apiWith(null);

function Begin({ courseId, onToken }) {
  const [fault, setFault] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const { studentName, studentEmail } = event.target.elements;
    const wrong = studentEmail.value.trim() && !isEmail(studentEmail.value);
    setFault(wrong ? ENTRY.emailWrong : null);
    setProblem(null);
    if (wrong) studentEmail.focus();
    if (wrong || busy) return;
    setBusy(true);
    try {
      const body = { studentName: studentName.value, studentEmail: studentEmail.value, courseId };
      onToken((await api("POST", "/api/generate-session", { body })).sessionToken);
    } catch (failure) {
      setProblem(failure);
      setBusy(false);
    }
  };
  return html`<section class="card hero flow">
    <h2>${ENTRY.beginTitle}</h2>
    <p class="soft">${ENTRY.beginAbout}</p>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    <form class="flow" onSubmit=${submit} noValidate>
      <${Field} label=${ENTRY.name}>${(props) => html`<input ...${props} name="studentName" autocomplete="name" maxlength="200" />`}<//>
      <${Field} label=${ENTRY.email} error=${fault}>${(props) => html`<input ...${props} name="studentEmail" type="email" autocomplete="email" maxlength="254" />`}<//>
      <button class="large" aria-disabled=${busy ? "true" : null}>${busy ? ENTRY.beginning : ENTRY.begin}</button>
    </form>
  </section>`;
}

/** A form with one field; `read(text)` returns the value in the text, or null if there is none. */
function OneField({ title, label, hint, missing, button, read, onRead }) {
  const [empty, setEmpty] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    const field = event.target.elements.value;
    const value = read(field.value);
    setEmpty(value === null);
    if (value === null) field.focus();
    else onRead(value);
  };
  return html`<section class="card flow">
    <h2>${title}</h2>
    <form class="flow" onSubmit=${submit}>
      <${Field} label=${label} hint=${hint} error=${empty ? missing : null}>${(props) => html`<input ...${props} name="value" autocomplete="off" spellcheck=${false} />`}<//>
      <button class="quiet">${button}</button>
    </form>
  </section>`;
}

/** @param {{sessionEnded: boolean, courseId: string|null, onToken: (token: string) => void, onLookup: (lookup: object) => void}} props */
export function Entry({ sessionEnded, courseId, onToken, onLookup }) {
  return html`<div class="flow loose">
    ${sessionEnded && html`<${Note} kind="warn" fact=${ENTRY.gone[0]}>${ENTRY.gone[1]}<//>`}
    <div class="flow tight"><h1>${ENTRY.title}</h1><p class="soft">${ENTRY.about}</p></div>
    <div class="split">
      <${Begin} courseId=${courseId} onToken=${onToken} />
      <div class="flow">
        <${OneField} title=${ENTRY.backTitle} label=${ENTRY.token} hint=${ENTRY.tokenHint} missing=${ENTRY.tokenMissing} button=${ENTRY.back} read=${tokenIn} onRead=${onToken} />
        <${OneField} title=${ENTRY.lookTitle} label=${ENTRY.look} hint=${ENTRY.lookHint} missing=${ENTRY.lookMissing} button=${ENTRY.lookButton} read=${lookupOf} onRead=${onLookup} />
      </div>
    </div>
  </div>`;
}
