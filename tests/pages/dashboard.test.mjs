import assert from "node:assert/strict";
import test from "node:test";
import { badgeOf, cellOf, countsOf, exported, filtered, frontierOf, funnelOf, merged, nextQuery, ordered, readHash, rowOf, statusOf, writeHash } from "../../public/instructor/model.js";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const minutes = (n) => new Date(NOW - n * 60_000).toISOString();
const student = (fields = {}) => ({
  studentId: "id", studentEmail: "ann@example.com", studentName: "Ann", githubUsername: null, sessionToken: "ws_1", sessions: 1,
  steps: "yyb......", currentStep: 3, completionRate: 22, totalTimeSpent: 600, startedAt: minutes(90), lastActivity: minutes(1),
  lastProgressAt: minutes(5), helpAskedAt: null, ...fields,
});
const row = (fields) => rowOf(student(fields), NOW);

test("a student has exactly one of four statuses", () => {
  assert.equal(statusOf(student(), NOW), "active");
  assert.equal(statusOf(student({ lastProgressAt: minutes(19.9) }), NOW), "active");
  assert.equal(statusOf(student({ lastProgressAt: minutes(20) }), NOW), "stuck");
  assert.equal(statusOf(student({ helpAskedAt: minutes(0) }), NOW), "stuck");
  assert.equal(statusOf(student({ steps: ".........", lastProgressAt: minutes(500) }), NOW), "notStarted");
  assert.equal(statusOf(student({ steps: ".........", helpAskedAt: minutes(3) }), NOW), "stuck");
  assert.equal(statusOf(student({ completionRate: 100, lastProgressAt: minutes(500), helpAskedAt: minutes(3) }), NOW), "completed");
  assert.equal(statusOf(student({ steps: "", completionRate: 0 }), NOW), "notStarted");
  assert.equal(statusOf(student({ lastProgressAt: null, lastActivity: minutes(30) }), NOW), "stuck");
});

test("a student who is active without progress stays stuck", () => {
  assert.equal(statusOf(student({ lastActivity: minutes(0), lastProgressAt: minutes(31) }), NOW), "stuck");
  assert.deepEqual(badgeOf(row({ lastActivity: minutes(0), lastProgressAt: minutes(31) })), { kind: "warn", sign: "!", words: "Stuck 31 min" });
  assert.equal(badgeOf(row({ helpAskedAt: minutes(4), lastProgressAt: minutes(50) })).words, "Help, 4 min");
});

test("the frontier is the last begun step, or the next if that is completed", () => {
  const expected = [["yyb......", 3], ["yyddv....", 5], ["yyy......", 4], ["y.y......", 4], [".........", null], ["ddddddddd", null], ["b........", 1], ["yy.v.....", 4]];
  for (const [steps, place] of expected) assert.equal(frontierOf(steps), place, steps);
});

test("a cell has a state, a sign and words, and says whether the student is there now", () => {
  assert.deepEqual(cellOf(row(), 0), { state: "y", sign: "✓", label: "done", now: null });
  assert.deepEqual(cellOf(row(), 2), { state: "", sign: "…", label: "begun, now here", now: "yes" });
  assert.deepEqual(cellOf(row({ steps: "yyv......", lastProgressAt: minutes(31) }), 2), { state: "v", sign: "V", label: "validated, stuck here", now: "stuck" });
  assert.deepEqual(cellOf(row({ steps: "yyy......", lastProgressAt: minutes(31) }), 3), { state: "", sign: "!", label: "not begun, stuck here", now: "stuck" });
  assert.deepEqual(cellOf(row({ steps: "yyy......" }), 3), { state: "", sign: "·", label: "not begun", now: null });
  assert.equal(cellOf(row({ helpAskedAt: minutes(1) }), 2).label, "begun, asks for help");
});

const CLASS = [
  student({ studentId: "1", studentName: "Help short", helpAskedAt: minutes(4) }),
  student({ studentId: "2", studentName: "Help long", helpAskedAt: minutes(9) }),
  student({ studentId: "3", studentName: "Stuck short", lastProgressAt: minutes(22) }),
  student({ studentId: "4", studentName: "Stuck long", lastProgressAt: minutes(52) }),
  student({ studentId: "5", studentName: "Left", lastProgressAt: minutes(60 * 24 * 20) }),
  student({ studentId: "6", studentName: "Zoë Active", studentEmail: "zoe@example.org" }),
  student({ studentId: "7", studentName: "Done", steps: "yyydddddy", completionRate: 100 }),
  student({ studentId: "8", studentName: "None", steps: ".........", completionRate: 0 }),
].map((one) => rowOf(one, NOW));

test("the counts add up to the number of students", () => {
  const counts = countsOf(CLASS);
  assert.deepEqual(counts, { active: 1, stuck: 5, notStarted: 1, completed: 1 });
  assert.equal(Object.values(counts).reduce((a, b) => a + b), CLASS.length);
});

test("those who need help most come first, and those who have left come after those who are stuck now", () => {
  const names = (order) => ordered(CLASS, order).map((one) => one.name);
  assert.deepEqual(names({ name: "help", descending: false }), ["Help long", "Help short", "Stuck long", "Stuck short", "Left", "Zoë Active", "Done", "None"]);
  assert.equal(names({ name: "name", descending: true })[0], "Zoë Active");
  assert.equal(names({ name: "done", descending: true })[0], "Done");
});

test("a search finds the students whose name or e-mail contains every word of it", () => {
  const keysFor = (search, status = null) => filtered(CLASS, { search, status }).map((one) => one.key);
  assert.deepEqual(keysFor("STUCK"), ["3", "4"]);
  assert.deepEqual(keysFor("stuck long"), ["4"]);
  assert.deepEqual(keysFor("example.org"), ["6"]);
  assert.deepEqual(keysFor("zoë", "stuck"), []);
  assert.deepEqual(keysFor("", "completed"), ["7"]);
});

test("the funnel counts students at a step or a later one", () => {
  const rows = ["yyy", "y.b", "yb.", "...", "b.."].map((steps) => row({ steps }));
  assert.deepEqual(funnelOf(rows, 3), { reached: [4, 3, 2], drop: { lost: 1, from: 1, to: 2 } });
  assert.deepEqual(funnelOf([row({ steps: "yy." }), row({ steps: "yy." })], 3).drop, { lost: 2, from: 2, to: 3 });
  assert.equal(funnelOf([row({ steps: "yyy" })], 3).drop, null);
});

const page = (students, fields = {}) => ({ courseId: "c", courseName: "C", steps: [], students, totalStudents: students.length, asOf: "2026-01-01T12:00:00Z", nextCursor: null, ...fields });
const one = (studentId, steps = ".") => ({ studentId, steps });

test("pages follow one another, then only changes are asked for", () => {
  let query = nextQuery(null, { courseId: null, now: NOW });
  assert.deepEqual(query, { courseId: null });
  let state = merged(null, query, page([one("1")], { nextCursor: "x", totalStudents: 2 }), NOW);
  query = nextQuery(state, { courseId: null, now: NOW });
  assert.equal(query.cursor, "x");
  state = merged(state, query, page([one("2")], { totalStudents: 2 }), NOW);
  assert.deepEqual([[...state.students.keys()], state.reload], [["1", "2"], false]);
  query = nextQuery(state, { courseId: null, now: NOW });
  assert.deepEqual(query, { courseId: null, since: "2026-01-01T11:59:45.000Z" });
  state = merged(state, query, page([one("2", "y")], { totalStudents: 2 }), NOW);
  assert.deepEqual([state.students.get("2").steps, state.students.size, state.reload], ["y", 2, false]);
});

test("everything is loaded again when somebody was removed, and every five minutes", () => {
  let state = merged(null, { courseId: null }, page([one("1"), one("2")]), NOW);
  assert.equal(state.reload, false);
  state = merged(state, { since: "x" }, page([], { totalStudents: 1 }), NOW);
  assert.equal(state.reload, true);
  assert.deepEqual(nextQuery(state, { courseId: null, now: NOW }), { courseId: null });
  state = merged(state, { courseId: null }, page([one("1")]), NOW);
  assert.deepEqual([[...state.students.keys()], state.reload], [["1"], false]);
  assert.equal("since" in nextQuery(state, { courseId: null, now: NOW + 300_000 }), true);
  assert.equal("since" in nextQuery(state, { courseId: null, now: NOW + 300_001 }), false);
  assert.equal(merged(state, { since: "x" }, page([one("1")], { nextCursor: "more" }), NOW).reload, true);
});

test("links name a filter and an order, never a person", () => {
  const view = { status: "notStarted", courseId: "knots", order: { name: "seen", descending: true } };
  assert.equal(writeHash(view), "#course=knots&status=notStarted&sort=seen&down=1");
  assert.deepEqual(readHash(writeHash(view)), view);
  assert.deepEqual(readHash("#status=stuck"), { status: "stuck", courseId: null, order: { name: "help", descending: false } });
  assert.equal(readHash("#status=not-started").status, "notStarted");
  assert.deepEqual(readHash("#status=<script>&sort=__proto__"), { status: null, courseId: null, order: { name: "help", descending: false } });
  assert.equal(writeHash(readHash("")), "");
});

test("the export has a column for each step, in words", () => {
  const [head, line] = exported([row({ steps: "yv" })], [{ stepNumber: 1, stepName: "A" }, { stepNumber: 2, stepName: "B" }]);
  assert.deepEqual(head.slice(0, 6), ["name", "email", "github", "status", "1 A", "2 B"]);
  assert.deepEqual(line.slice(3, 8), ["Active", "done", "validated", 22, 600]);
});
