import assert from "node:assert/strict";
import test from "node:test";
import { waitAfter } from "../../public/learn/offline/background.js";
import { isReading, newest, nextReading, timeText, withMicroseconds } from "../../public/learn/offline/clock.js";
import { userIdOf } from "../../public/learn/offline/copy.js";
import { withRows } from "../../public/learn/offline/overview.js";
import { fitting } from "../../public/learn/offline/sync.js";

const DEVICE = "0f9c1d2e-0000-4000-8000-00000123abcd";
const NOON = Date.parse("2026-11-28T12:00:00Z");

test("readings of the clock grow, even if the time goes back", () => {
  const first = nextReading(NOON, null, DEVICE);
  assert.equal(first, "2026-11-28T12:00:00.000000Z-0000-0123abcd");
  assert.ok(isReading(first));
  assert.equal(nextReading(NOON - 1000, first, DEVICE), "2026-11-28T12:00:00.000000Z-0001-0123abcd");
  assert.equal(nextReading(NOON + 1, first, DEVICE), "2026-11-28T12:00:00.001000Z-0000-0123abcd");
  assert.equal(nextReading(NOON, "2026-11-28T12:00:00.000999Z-ffff-00000000", DEVICE), "2026-11-28T12:00:00.001000Z-0000-0123abcd");
  assert.equal(nextReading(NOON, "2026-11-28T12:00:00.000009Z-ffff-00000000", DEVICE), "2026-11-28T12:00:00.000010Z-0000-0123abcd");
  assert.equal(newest(null, first), first);
  assert.equal(newest(first, null), first);
});

test("times have six decimals", () => {
  assert.equal(timeText(NOON + 7), "2026-11-28T12:00:00.007000Z");
  assert.equal(withMicroseconds("2026-11-28T12:00:00Z"), "2026-11-28T12:00:00.000000Z");
  assert.equal(withMicroseconds("2026-11-28T12:00:00.5Z"), "2026-11-28T12:00:00.500000Z");
  assert.equal(withMicroseconds("2026-11-28T12:00:00.123456Z"), "2026-11-28T12:00:00.123456Z");
});

test("a call carries at most 200 changes and 240 KB, but at least one change", () => {
  const change = (size) => ({ id: "i", columns: { answer: "ä".repeat(size / 2) } });
  assert.equal(fitting(Array.from({ length: 300 }, () => change(10))).length, 200);
  assert.equal(fitting(Array.from({ length: 10 }, () => change(100_000))).length, 2);
  assert.equal(fitting([change(300_000), change(10)]).length, 1);
  assert.deepEqual(fitting([]), []);
});

test("pauses double up to half a minute, and are never shorter than the server asks for", () => {
  assert.equal(waitAfter(0, null, () => 1), 1000);
  assert.equal(waitAfter(0, null, () => 0), 500);
  assert.equal(waitAfter(3, null, () => 1), 8000);
  assert.equal(waitAfter(20, null, () => 1), 30_000);
  assert.equal(waitAfter(0, 60, () => 0), 60_000);
  assert.equal(waitAfter(0, 60, () => 1), 72_000);
});

test("a token names the user, whatever characters the name has", () => {
  const token = (content) => `h.${Buffer.from(JSON.stringify(content)).toString("base64url")}.s`;
  assert.equal(userIdOf(token({ sub: "Zoë ???>>>", uid: "u-1" })), "u-1");
  for (const other of ["expired", "a.b.c", token({ sub: "ann" }), token({ uid: 7 })]) assert.equal(userIdOf(other), null, other);
});

const CONCEPT = { id: "c", name: "Sums" };
const OVERVIEW = {
  profile: { exam_date: "2026-12-08T00:00:00Z", days_to_exam: 99, available_hours_per_day: 2 },
  advice: {},
  mastery: { student_id: "s" },
  topics: [{ id: "t", name: "Algebra", exam_weightage: 100, concepts: [CONCEPT] }],
  progress: { timeline: [{ date: "2026-11-26", questions_attempted: 9, correct: 9, mastery_score: 40 }, { date: "2026-11-27", questions_attempted: 0, correct: 0, mastery_score: 42 }], rose: [] },
};
const CONTENT = { questions: new Map([["q", { id: "q", concept_id: "c", difficulty: "easy", expected_time_seconds: 30 }]]) };
const attemptRow = (id, timestamp, is_correct) => ({ id, columns: { question_id: "q", is_correct, time_taken_seconds: 9, confidence: 3, timestamp } });

test("the last overview is updated with the answers and the profile of this device", () => {
  const attempts = [attemptRow("a", "2026-11-26T23:59:59.999Z", false), attemptRow("b", "2026-11-28T00:00:00Z", true), attemptRow("d", "2026-11-28T11:00:00Z", false)];
  const profile = { columns: { exam_date: "2026-11-30T00:00:00Z", available_hours_per_day: 3 } };
  const { profile: updated, progress, mastery } = withRows(OVERVIEW, CONTENT, { profile, attempts }, NOON);
  assert.equal(updated.days_to_exam, 2);
  assert.equal(updated.available_hours_per_day, 3);
  assert.equal(progress.timeline.length, 30);
  assert.deepEqual(progress.timeline.slice(-3).map((day) => [day.date, day.questions_attempted, day.correct]), [["2026-11-26", 1, 0], ["2026-11-27", 0, 0], ["2026-11-28", 2, 1]]);
  assert.deepEqual(progress.timeline.slice(-3, -1).map((day) => day.mastery_score), [40, 42]);
  assert.equal(progress.timeline.at(-1).mastery_score, mastery.mastery_score);
  assert.equal(mastery.topics[0].concepts[0].total_attempts, 3);
  assert.equal(progress.questions_attempted, 3);
});

const progressWith = (...attempts) => withRows(OVERVIEW, CONTENT, { profile: undefined, attempts }, NOON).progress;

test("an answer that could not be graded here counts nowhere until the server has graded it", () => {
  const ungraded = attemptRow("a", "2026-11-28T09:00:00Z", null);
  const onlyUngraded = progressWith(ungraded);
  assert.deepEqual([onlyUngraded.questions_attempted, onlyUngraded.accuracy], [0, null]);
  const { questions_attempted, correct, accuracy } = onlyUngraded.timeline.at(-1);
  assert.deepEqual([questions_attempted, correct, accuracy], [0, 0, null]);
  const withGraded = progressWith(ungraded, attemptRow("b", "2026-11-28T10:00:00Z", true), attemptRow("d", "2026-11-20T10:00:00Z", false));
  assert.deepEqual([withGraded.questions_attempted, withGraded.accuracy, withGraded.timeline.at(-1).accuracy], [2, 50, 100]);
});

test("an answer with a time in the future counts today", () => {
  const { timeline } = progressWith(attemptRow("a", "2026-11-29T00:10:00Z", true), attemptRow("b", "2026-11-28T10:00:00Z", false));
  assert.deepEqual([timeline.at(-1).date, timeline.at(-1).questions_attempted, timeline.at(-1).correct], ["2026-11-28", 2, 1]);
});
