// How a student or a teacher gets in: the log-in, and the registration beside it.
import { apiWith } from "../shared/api.js";
import { Note } from "../shared/elements.js";
import { html } from "../shared/html.js";
import { isLocal } from "../shared/login.js";
import { Form } from "./form.js";
import { logInFaults, registrationFaults, registrationOf } from "./model.js";
import { accountOf } from "./stored.js";
import { ACCOUNT } from "./texts.js";

const api = apiWith(null);
const NAME = { autocomplete: "username", autocapitalize: "none", spellcheck: false };

const LOG_IN = [
  { name: "username", label: ACCOUNT.username, control: { ...NAME, maxlength: 200 } },
  { name: "password", label: ACCOUNT.password, control: { type: "password", autocomplete: "current-password", maxlength: 200 } },
];
const NEW = [
  { name: "username", label: ACCOUNT.newUsername, hint: ACCOUNT.newUsernameHint, control: { ...NAME, maxlength: 50 } },
  { name: "password", label: ACCOUNT.newPassword, hint: ACCOUNT.newPasswordHint, control: { type: "password", autocomplete: "new-password", maxlength: 100 } },
];
const FIELDS = {
  student: [
    ...NEW,
    { name: "target_exam", label: ACCOUNT.exam, hint: ACCOUNT.examHint, control: { maxlength: 200 } },
    { name: "exam_date", label: ACCOUNT.examDate, control: { type: "date" } },
    { name: "grade", label: ACCOUNT.grade, control: { type: "number", min: 1, max: 12, inputmode: "numeric" } },
    { name: "available_hours_per_day", label: ACCOUNT.hours, control: { type: "number", min: 0.5, max: 24, step: 0.5, defaultValue: "2", inputmode: "decimal" } },
    { name: "code", label: ACCOUNT.code, hint: ACCOUNT.codeHint, control: { maxlength: 20, autocomplete: "off", spellcheck: false } },
  ],
  teacher: [...NEW, { name: "invitation", label: ACCOUNT.invitation, hint: ACCOUNT.invitationHint, control: { maxlength: 200, autocomplete: "off", spellcheck: false } }],
};

/**
 * @param {{role: "student"|"teacher", words: object, over: boolean, demo?: string|null,
 *   onEnter: (account: object, classCode: string|null) => void}} props `words` have title, about,
 *   logIn, register and registerAbout; `over` says that a log-in has ended
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
        <${Form} fields=${LOG_IN} check=${logInFaults} send=${logIn} label=${ACCOUNT.logIn} busyLabel=${ACCOUNT.loggingIn}>
          ${local && html`<p class="soft small">${words.demo.map((part, place) => (place % 2 ? html`<code key=${place}>${part}</code>` : part))}</p>`}
        <//>
      </section>
      <section class="card flow" aria-labelledby="register">
        <h2 id="register">${words.register}</h2>
        <p class="soft small">${words.registerAbout}</p>
        <${Form} fields=${FIELDS[role]} check=${(fields) => registrationFaults(role, { ...fields, optional: local })} send=${register}
          label=${ACCOUNT.register} busyLabel=${ACCOUNT.registering} className="large quiet" />
      </section>
    </div>
  </div>`;
}
