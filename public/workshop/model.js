// The workshop page's figures, computed from a session and its course. No DOM, no clock.
import { safeLink } from "../shared/format.js";
import { FIELDS, PARTS, SETTINGS, VOICE_FIELDS } from "./texts.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const EMAIL = /^[^@\s]+@[^@\s]+$/;
const TOKEN = /^(ws_[!-~]+|[!-~]{10,200})$/;
const columnOf = (flag) => flag.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * The steps of a course, with their state in a session.
 *
 * @param {{builtIn: boolean, steps: object[]}} course
 * @param {object} session whole, or the share view, which has no flags, times or attempts
 * @returns {{number: number, name: string, state: "done"|"begun"|"open", parts: object[], seconds: number|null,
 *   attempts: number}[]}
 */
export function stepsOf(course, session) {
  const reports = new Map(session.step_progress.map((report) => [report.stepNumber, report]));
  return course.steps.map(({ number, name, completedBy }) => {
    const report = reports.get(number);
    const hasAllFlags = completedBy.length > 0 && completedBy.every((flag) => session[columnOf(flag)] === true);
    const partList = course.builtIn ? (PARTS[number] ?? []) : [];
    const parts = partList.filter(([column]) => column in session).map(([column, words]) => ({ words, done: session[column] === true }));
    const isDone = report?.completed === true || hasAllFlags;
    const isBegun = report !== undefined || parts.some((part) => part.done);
    return { number, name, state: isDone ? "done" : isBegun ? "begun" : "open", parts, seconds: report?.timeSpent ?? null, attempts: report?.attempts ?? 0 };
  });
}

/**
 * The number of the step that the student is at: the last one that is begun or done or, if that one is done, the step
 * after it. If the course's last step is done, the first step that is not done; the first step if none is begun; null
 * if all are done.
 */
export function currentStep(steps) {
  if (steps.every(({ state }) => state === "done")) return null;
  let last = -1;
  steps.forEach(({ state }, place) => {
    if (state !== "open") last = state === "done" ? place + 1 : place;
  });
  if (last >= steps.length) last = steps.findIndex(({ state }) => state !== "done");
  return steps[Math.max(0, last)].number;
}

/** The numbers of a session for its heading: steps done, all steps, and whether any has begun. */
export function countsOf(steps) {
  return { done: steps.filter(({ state }) => state === "done").length, all: steps.length, begun: steps.some(({ state }) => state !== "open") };
}

/** The student's sessions except `own`, which is recognized by its values, since the entries have no ids. */
export function otherSessions(sessions, own) {
  const place = sessions.findIndex((one) => one.course_id === own.course_id && one.current_step === own.current_step && one.completion_rate === own.completion_rate);
  return sessions.filter((_, n) => n !== place);
}

/** The token in a pasted link or text, or in the hash of the address; null if there is none. */
export function tokenIn(text) {
  const trimmed = text.trim();
  const [, inLink] = /[#?&]sessionToken=([^&#\s]+)/.exec(trimmed) ?? [];
  const token = inLink ? decodeURIComponent(inLink) : trimmed;
  return TOKEN.test(token) && !/^https?:|^[#?]/.test(token) ? token : null;
}

/** The parameter by which a student's share view is looked up; null if the text is neither id nor e-mail. */
export function lookupOf(text) {
  const trimmed = text.trim();
  if (UUID.test(trimmed)) return { studentId: trimmed };
  return EMAIL.test(trimmed) ? { studentEmail: trimmed } : null;
}

/** Whether a text may be an e-mail address. */
export function isEmail(text) {
  return EMAIL.test(text.trim());
}

/** The fields that a course's configuration has. */
export function fieldsOf(course) {
  return course.builtIn ? [...FIELDS, ...VOICE_FIELDS] : FIELDS;
}

/** The new values of the fields that were changed in the form, by name; secrets only if something was written. */
export function changedFields(fields, session, values) {
  const changes = {};
  for (const { name, column, kind } of fields) {
    const value = (values[name] ?? "").trim();
    const before = kind === "secret" ? "" : (session[column] ?? "");
    if (value !== String(before).trim()) changes[name] = value;
  }
  return changes;
}

function faultOf(kind, value) {
  if (!value) return null;
  if (kind === "email" && !EMAIL.test(value)) return SETTINGS.email;
  if (kind === "url" && !safeLink(value)) return SETTINGS.url;
  if (kind === "socket" && !/^wss?:\/\/[^\s]+$/.test(value)) return SETTINGS.socket;
  return null;
}

/** Problems of changed fields, by name. */
export function faultsOf(fields, changed) {
  const faults = {};
  for (const { name, kind } of fields) {
    const fault = name in changed ? faultOf(kind, changed[name]) : null;
    if (fault) faults[name] = fault;
  }
  return faults;
}

/** Problems that a refused call reports about a form's fields, by name. */
export function refusedFields(problem, names) {
  return Object.fromEntries(problem.details.filter(({ field }) => names.includes(field)).map(({ field, problem: words }) => [field, words]));
}
