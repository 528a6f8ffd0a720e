// Checks of the account forms before they are sent. No DOM.
import { ACCOUNT } from "./texts.js";

const MIN_NAME_LENGTH = 3;
const MIN_PASSWORD_LENGTH = 8;
const inside = (text, least, most) => text.trim() !== "" && Number(text) >= least && Number(text) <= most;

/** The faults of a log-in by field. */
export function logInFaults({ username, password }) {
  const faults = {};
  if (!username.trim()) faults.username = ACCOUNT.usernameMissing;
  if (!password) faults.password = ACCOUNT.passwordMissing;
  return faults;
}

/** The faults of a registration by field; `fields` are texts, as a form has them, and `invitationIsOptional`. */
export function registrationFaults(role, fields) {
  const faults = {};
  if (fields.username.trim().length < MIN_NAME_LENGTH) faults.username = ACCOUNT.usernameShort;
  if (fields.password.length < MIN_PASSWORD_LENGTH) faults.password = ACCOUNT.passwordShort;
  if (role === "student") {
    if (!inside(fields.grade, 1, 12) || !Number.isInteger(Number(fields.grade))) faults.grade = ACCOUNT.gradeWrong;
    if (!fields.target_exam.trim()) faults.target_exam = ACCOUNT.examMissing;
    if (!inside(fields.available_hours_per_day, 0.5, 24)) faults.available_hours_per_day = ACCOUNT.hoursWrong;
  } else if (!fields.invitation.trim() && !fields.invitationIsOptional) {
    faults.invitation = ACCOUNT.invitationMissing;
  }
  return faults;
}

/** The body of a registration. */
export function registrationOf(role, fields) {
  const { username, password } = fields;
  if (role !== "student") return { username, password, role, invitation: fields.invitation.trim() || null };
  return {
    username,
    password,
    role,
    grade: Number(fields.grade),
    target_exam: fields.target_exam,
    exam_date: fields.exam_date || null,
    available_hours_per_day: Number(fields.available_hours_per_day),
  };
}

const BY_CODE = {
  username_taken: ["username", ACCOUNT.taken],
  invitation_refused: ["invitation", ACCOUNT.invitationRefused],
  role_needs_invitation: ["invitation", ACCOUNT.invitationMissing],
  log_in_refused: ["password", ACCOUNT.wrong],
};

/** The faults that the server found, by field; null if the problem does not concern a field of the form. */
export function refusedFields(problem, names) {
  const fault = BY_CODE[problem.code];
  if (fault && names.includes(fault[0])) return { [fault[0]]: fault[1] };
  const details = problem.details.filter(({ field }) => names.includes(field));
  return details.length ? Object.fromEntries(details.map(({ field, problem: what }) => [field, what])) : null;
}
