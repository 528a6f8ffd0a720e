// The log-in of students and teachers, and the registration beside it.
import { apiWith } from "../shared/api.js";
import { Note, ProblemNote } from "../shared/elements.js";
import { html, useEffect, useState } from "../shared/html.js";
import { isLocal } from "../shared/login.js";
import { Form } from "./form.js";
import { logInFaults, registrationFaults, registrationOf } from "./model.js";
import { accountOf } from "./stored.js";
import { ACCOUNT } from "./texts.js";

const api = apiWith(null);
const DEMO = "/demo-accounts.json"; // only the local server has it
const NAME = { autocomplete: "username", autocapitalize: "none", spellcheck: false };

const LOG_IN = [
  { name: "username", label: ACCOUNT.username, control: { ...NAME, maxlength: 200 } },
  { name: "password", label: ACCOUNT.password, control: { type: "password", autocomplete: "current-password", maxlength: 200 } },
];
const newAccount = (role) => [
  { name: "username", label: ACCOUNT.newUsername, hint: ACCOUNT.newUsernameHint[role], control: { ...NAME, maxlength: 50 } },
  { name: "password", label: ACCOUNT.newPassword, hint: ACCOUNT.newPasswordHint, control: { type: "password", autocomplete: "new-password", maxlength: 100 } },
];
const FIELDS = {
  student: [
    ...newAccount("student"),
    { name: "target_exam", label: ACCOUNT.exam, hint: ACCOUNT.examHint, control: { maxlength: 200 } },
    { name: "exam_date", label: ACCOUNT.examDate, control: { type: "date" } },
    { name: "grade", label: ACCOUNT.grade, control: { type: "number", min: 1, max: 12, inputmode: "numeric" } },
    { name: "available_hours_per_day", label: ACCOUNT.hours, control: { type: "number", min: 0.5, max: 24, step: 0.5, defaultValue: "2", inputmode: "decimal" } },
    { name: "code", label: ACCOUNT.code, hint: ACCOUNT.codeHint, control: { maxlength: 20, autocomplete: "off", spellcheck: false } },
  ],
  teacher: [...newAccount("teacher"), { name: "invitation", label: ACCOUNT.invitation, hint: ACCOUNT.invitationHint, control: { maxlength: 200, autocomplete: "off", spellcheck: false } }],
};

/** The demo's accounts on the local server; null elsewhere, or if the database has no demo. */
async function demoAccounts() {
  return isLocal(location.hostname) ? api("GET", DEMO) : null;
}

/** The button that logs in to the demo. */
function Demo({ role, words, logIn }) {
  const [accounts, setAccounts] = useState(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    demoAccounts().then(setAccounts, () => {});
  }, []);
  if (accounts === null) return null;
  const open = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    await logIn({ username: accounts[role], password: accounts.password }).catch(setProblem);
    setBusy(false);
  };
  return html`<div class="flow tight">
    <div class="row"><button type="button" class="large quiet" aria-disabled=${busy ? "true" : null} onClick=${open}>${busy ? ACCOUNT.loggingIn : words.demo(accounts[role])}</button></div>
    <p class="soft small">${words.demoAbout}</p>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
  </div>`;
}

/**
 * @param {{role: "student"|"teacher", words: object, over: boolean,
 *   onEnter: (account: object, classCode: string|null) => void}} props `words` have title, about,
 *   logIn, demo, demoAbout, register and registerAbout; `over` is true if a log-in has ended
 */
export function Enter({ role, words, over, onEnter }) {
  const local = isLocal(location.hostname);
  const logIn = async ({ username, password }) => onEnter(accountOf(await api("POST", "/api/auth/login", { body: { username, password } })), null);
  const register = async (fields) => {
    const reply = await api("POST", "/api/auth/register", { body: registrationOf(role, fields) });
    onEnter(accountOf(reply), fields.code?.trim() || null);
  };
  return html`<div class="flow loose">
    ${over && html`<${Note} kind="warn" fact=${ACCOUNT.over[0]}>${ACCOUNT.over[1]}<//>`}
    <div class="flow tight"><h1>${words.title}</h1><p class="soft">${words.about}</p></div>
    <div class="cols enter">
      <section class="card hero flow" aria-labelledby="log-in">
        <h2 id="log-in">${words.logIn}</h2>
        <${Form} fields=${LOG_IN} check=${logInFaults} send=${logIn} label=${ACCOUNT.logIn} busyLabel=${ACCOUNT.loggingIn} />
        <${Demo} role=${role} words=${words} logIn=${logIn} />
      </section>
      <section class="card flow" aria-labelledby="register">
        <h2 id="register">${words.register}</h2>
        <p class="soft small">${words.registerAbout}</p>
        <${Form} fields=${FIELDS[role]} check=${(fields) => registrationFaults(role, { ...fields, invitationIsOptional: local })} send=${register}
          label=${ACCOUNT.register} busyLabel=${ACCOUNT.registering} className="large quiet" />
      </section>
    </div>
  </div>`;
}
