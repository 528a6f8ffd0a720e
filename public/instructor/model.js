// The dashboard's figures, computed from the rows of GET /api/class-progress. No DOM, no clock.
import { duration, nameOf } from "../shared/format.js";
import { sorted } from "../shared/table.js";
import { STATES, STATUS, STUCK_MINUTES } from "./texts.js";

export const STATUSES = Object.keys(STATUS);
const STUCK_MS = STUCK_MINUTES * 60_000;
const COMPLETED = "dy"; // the letters in STATES that stand for a completed step
const OVERLAP_MS = 15_000; // because a change may be committed later than its timestamp
const FULL_RELOAD_MS = 300_000;

const sinceMs = (moment, now) => (moment ? Math.max(0, now - Date.parse(moment)) : 0);

/** The status of a student, exactly one of: completed, stuck, notStarted, active. */
export function statusOf(student, now) {
  if (student.completionRate >= 100) return "completed";
  if (student.helpAskedAt) return "stuck";
  if (/^\.*$/.test(student.steps)) return "notStarted";
  return sinceMs(student.lastProgressAt ?? student.lastActivity, now) >= STUCK_MS ? "stuck" : "active";
}

/** The step at which a student works, from 1: the last begun one, or the next if that is completed; null if there is none. */
export function frontierOf(steps) {
  let last = -1;
  [...steps].forEach((state, place) => {
    if (state !== ".") last = COMPLETED.includes(state) ? place + 1 : place;
  });
  return last < 0 || last >= steps.length ? null : last + 1;
}

/** A student as a row: name, status, how long the student has waited for help or been stuck, and a text to search in. */
export function rowOf(student, now) {
  const status = statusOf(student, now);
  const help = student.helpAskedAt && status === "stuck" ? sinceMs(student.helpAskedAt, now) : null;
  const idle = sinceMs(student.lastProgressAt ?? student.lastActivity, now);
  return {
    ...student,
    key: student.studentId,
    name: nameOf(student),
    status,
    frontier: frontierOf(student.steps),
    helpSeconds: help === null ? null : help / 1000,
    stuckSeconds: status === "stuck" ? (help ?? idle) / 1000 : null,
    haystack: `${nameOf(student)} ${student.studentEmail ?? ""} ${student.githubUsername ?? ""}`.toLocaleLowerCase("en"),
  };
}

/** The badge of a row: kind, sign and words. */
export function badgeOf(row) {
  if (row.helpSeconds !== null) return { kind: "warn", sign: "?", words: `Help, ${duration(row.helpSeconds)}` };
  if (row.status === "stuck") return { kind: "warn", sign: "!", words: `Stuck ${duration(row.stuckSeconds)}` };
  if (row.status === "completed") return { kind: "good", sign: "✓", words: STATUS.completed.label };
  return { kind: row.status === "active" ? "info" : "", sign: null, words: STATUS[row.status].label };
}

/** The cell of a step: letter, words, and whether the student is here or stuck here. */
export function cellOf(row, place) {
  const state = row.steps[place] ?? ".";
  const { sign, word } = STATES[state];
  const here = row.frontier === place + 1 && row.status !== "completed";
  if (!here || (state === "." && row.status !== "stuck")) return { state: state === "." || state === "b" ? "" : state, sign, label: word, now: null };
  const stuck = row.status === "stuck";
  const why = row.helpSeconds !== null ? "asks for help" : stuck ? "stuck here" : "now here";
  return { state: state === "b" || state === "." ? "" : state, sign: stuck && (state === "." || state === "b") ? "!" : sign, label: `${word}, ${why}`, now: stuck ? "stuck" : "yes" };
}

/** Number of rows by status. */
export function countsOf(rows) {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0]));
  for (const row of rows) counts[row.status] += 1;
  return counts;
}

/** The rows with a status (null: any) whose name, e-mail or GitHub name contains every word. */
export function filtered(rows, { status = null, search = "" }) {
  const words = search.toLocaleLowerCase("en").split(/\s+/).filter(Boolean);
  return rows.filter((row) => (status === null || row.status === status) && words.every((word) => row.haystack.includes(word)));
}

// In units of 1e9 seconds. 2 is left out, because stuckSeconds, which is added to 1, may exceed 1e9 but never 2e9.
const RANK = { stuck: 1, active: 3, completed: 4, notStarted: 5 };
const LEFT_SECONDS = 12 * 3600; // a student without progress for this long has probably left the room

/** Sort key: raised hands, then the stuck, both with the longest wait first; then those who have left, the most recent first; then the others. */
function needOfHelp({ helpSeconds, stuckSeconds, status }) {
  if (helpSeconds !== null) return -helpSeconds;
  const rank = RANK[status] * 1e9;
  if (status !== "stuck") return rank;
  return stuckSeconds <= LEFT_SECONDS ? rank - stuckSeconds : rank + stuckSeconds;
}

const ORDERS = {
  help: needOfHelp,
  name: (row) => row.name,
  done: (row) => row.completionRate,
  time: (row) => row.totalTimeSpent,
  seen: (row) => (row.lastActivity ? -Date.parse(row.lastActivity) : null),
};

/** The rows in one of the orders in `SORTS`. In `help`, whoever has waited longest for help comes first. */
export function ordered(rows, { name, descending }) {
  return sorted(sorted(rows, ORDERS.name), ORDERS[name], descending);
}

/** For each step, the number of students who reached it or a later one, and the biggest drop. */
export function funnelOf(rows, steps) {
  const reached = Array.from({ length: steps }, (_, place) => rows.filter((row) => /[^.]/.test(row.steps.slice(place))).length);
  let drop = null;
  for (let place = 1; place < steps; place += 1) {
    const lost = reached[place - 1] - reached[place];
    if (lost > 0 && (drop === null || lost > drop.lost)) drop = { lost, from: place, to: place + 1 };
  }
  return { reached, drop };
}

/** Query of the next request: a page of everything, the next page, or the changes since the last response. */
export function nextQuery(last, { courseId, now }) {
  if (last === null || last.reload || now - last.fullLoadAt > FULL_RELOAD_MS) return { courseId };
  if (last.nextCursor !== null) return { courseId, cursor: last.nextCursor };
  return { courseId, since: new Date(Date.parse(last.asOf) - OVERLAP_MS).toISOString() };
}

/** The state after a response to `query`. `reload` is set if the total shows that students were removed, or if the changes fill more than a page. */
export function merged(last, query, page, now) {
  const isFirstPage = !query.cursor && !query.since;
  const students = new Map(isFirstPage || last === null ? [] : last.students);
  for (const student of page.students) students.set(student.studentId, student);
  const isLast = page.nextCursor === null;
  return {
    courseId: page.courseId,
    courseName: page.courseName,
    steps: page.steps,
    students,
    totalStudents: page.totalStudents,
    asOf: page.asOf,
    clockOffset: Date.parse(page.asOf) - now,
    nextCursor: query.since ? null : page.nextCursor,
    reload: (query.since !== undefined && page.nextCursor !== null) || (isLast && students.size !== page.totalStudents && !isFirstPage),
    fullLoadAt: isFirstPage ? now : last.fullLoadAt,
  };
}

/** The filter and order that a link names; links never name people. */
export function readHash(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const status = STATUSES.find((each) => each.toLowerCase() === values.get("status")?.toLowerCase().replace("-", "")) ?? null;
  const name = Object.hasOwn(ORDERS, values.get("sort") ?? "") ? values.get("sort") : "help";
  return { status, courseId: values.get("course"), order: { name, descending: values.get("down") === "1" } };
}

/** The link of a filter and an order. */
export function writeHash({ status, courseId, order }) {
  const values = new URLSearchParams();
  if (courseId) values.set("course", courseId);
  if (status) values.set("status", status);
  if (order.name !== "help" || order.descending) values.set("sort", order.name);
  if (order.descending) values.set("down", "1");
  const text = values.toString();
  return text ? `#${text}` : "";
}

/** The rows as a table of values, for a CSV file. */
export function exported(rows, steps) {
  const head = ["name", "email", "github", "status", ...steps.map((step) => `${step.stepNumber} ${step.stepName}`), "done_percent", "seconds", "last_seen"];
  return [
    head,
    ...rows.map((row) => [
      row.studentName,
      row.studentEmail,
      row.githubUsername,
      STATUS[row.status].label,
      ...steps.map((_, place) => STATES[row.steps[place] ?? "."].word),
      row.completionRate,
      row.totalTimeSpent,
      row.lastActivity,
    ]),
  ];
}
