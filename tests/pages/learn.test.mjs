import assert from "node:assert/strict";
import test from "node:test";
import { dataOf } from "../../public/learn/data.js";
import { dayOf, dayPlan, daysFrom, feedbackOf, marksOf, mayBeNumber, movedTopics, nextQuestion, newestPlans, optionsOf, planOn, profileChanges, sessionsOf, subjectsOf, timelineFacts, viewOf } from "../../public/learn/model.js";
import { forgetAnswer, installIsPutOff, keepAnswer, putOffInstall, waitingAnswers } from "../../public/learn/stored.js";
import { clockOf, marks, minutes } from "../../public/learn/texts.js";
import { Problem } from "../../public/shared/problems.js";

function memory() {
  const values = new Map();
  return { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => values.set(key, value), removeItem: (key) => values.delete(key) };
}

const part = (topic_id, allocated_hours, goals = []) => ({ topic_id, topic_name: topic_id.toUpperCase(), allocated_hours, goals });
const day = (date, topics = [], revisions = []) => ({ date, topics, revisions });
const storedPlan = (plan_type, ...days) => ({ plan_type, created_at: "x", plan: { start_date: days[0].date, end_date: days.at(-1).date, daily_plans: days, warning: null } });
const advice = (topic_id, marks_per_hour, expected_marks_gain) => ({ topic_id, components: { marks_per_hour, expected_marks_gain } });

test("a moment belongs to its day in UTC", () => {
  assert.equal(dayOf(Date.parse("2026-11-28T23:30:00-05:00")), "2026-11-29");
});

test("a day shows the narrowest plan that covers it: the daily plan, then the weekly one, then the one until the exam", () => {
  const week = storedPlan("weekly", day("2026-11-27"), day("2026-11-28", [part("w", 1)]), day("2026-11-29"));
  const daily = storedPlan("daily", day("2026-11-28", [part("d", 1)]));
  assert.equal(planOn([week], "weekly", "2026-11-26"), null);
  assert.equal(planOn([week], "weekly", "2026-11-27"), week);
  assert.equal(planOn([week], "weekly", "2026-11-29"), week);
  assert.equal(planOn([week], "weekly", "2026-11-30"), null);
  assert.equal(dayPlan([week, daily], "2026-11-28").topics[0].topic_id, "d");
  assert.equal(dayPlan([week], "2026-11-28").topics[0].topic_id, "w");
  assert.equal(dayPlan([daily], "2026-11-29"), null);
  const untilExam = storedPlan("exam_countdown", day("2026-11-28", [part("e", 1)]), day("2026-11-30", [part("e", 2)]));
  assert.equal(dayPlan([untilExam, week], "2026-11-28").topics[0].topic_id, "w");
  const { type, topics, madeAt } = dayPlan([week, untilExam], "2026-11-30");
  assert.deepEqual([type, topics[0].allocated_hours, madeAt], ["exam_countdown", 2, "x"]);
  assert.deepEqual(daysFrom(week, "2026-11-28").map(({ date }) => date), ["2026-11-28", "2026-11-29"]);
});

test("a newer plan takes the place of an older one of the same type", () => {
  const one = (plan_type, created_at) => ({ plan_type, created_at });
  const newPlans = [one("daily", "2026-11-28T02:00:00Z"), one("weekly", "2026-11-28T01:00:00Z")];
  assert.deepEqual(newestPlans([one("daily", "2026-11-28T01:00:00Z")], newPlans), newPlans);
  const newestDaily = one("daily", "2026-11-28T03:00:00Z");
  assert.deepEqual(newestPlans([newestDaily], newPlans), [newestDaily, newPlans[1]]);
});

test("the marks that a session gains grow with its time, up to the gain that is expected from its topic", () => {
  const plan = day("2026-11-28", [part("a", 0.5), part("b", 2)], [part("c", 0.33)]);
  const concepts = (at) => [{ last_updated: null }, { last_updated: at }];
  const mastery = [{ topic_id: "a", concepts: concepts("2026-11-28T00:00:01Z") }, { topic_id: "b", concepts: concepts("2026-11-27T23:59:59Z") }];
  const rows = sessionsOf(plan, [advice("a", 2, 9), advice("b", 3, 4)], mastery, "2026-11-28");
  assert.deepEqual(rows.map(({ marks: gain }) => gain), [1, 4, null]);
  assert.deepEqual(rows.map(({ practised }) => practised), [true, false, false]);
  assert.deepEqual(rows.map(({ revision }) => revision), [false, false, true]);
  assert.deepEqual(rows.map((row) => row.minutes), [30, 120, 20]);
  assert.equal(marksOf(rows), 5);
  assert.equal(marksOf(rows.slice(2)), null);
});

const topic = (id, parent_id, exam_weightage) => ({ id, name: id, parent_id, exam_weightage });
const masteryRow = (topic_id, mastery_score, total_attempts = 1) => ({ topic_id, topic_name: topic_id, mastery_score, band: "fair", concepts: [{ total_attempts: 0 }, { total_attempts }] });

test("topics are listed under the root of their tree, whose score is their mean weighted by their marks", () => {
  const topics = [topic("maths", null, 0), topic("algebra", "maths", 0), topic("linear", "algebra", 3), topic("circles", "maths", 1), topic("physics", null, 2)];
  const progress = { today: [{ topic_id: "linear", expected_accuracy: 70 }], rose: [{ topic_id: "linear", change: 4 }], fell: [{ topic_id: "circles", change: -2 }] };
  const subjects = subjectsOf(topics, [masteryRow("linear", 80), masteryRow("physics", 30), masteryRow("circles", 40, 0)], progress);
  assert.deepEqual(subjects.map(({ name, score }) => [name, score]), [["maths", 70], ["physics", 30]]);
  assert.deepEqual(subjects[0].topics.map(({ band, chance, change }) => [band, chance, change]), [["fair", 70, 4], ["none", null, -2]]);
});

test("the score of a subject whose topics have no marks is their unweighted mean", () => {
  const [subject] = subjectsOf([topic("a", "gone", 0)], [masteryRow("a", 50)], { today: [], rose: [], fell: [] });
  assert.deepEqual([subject.name, subject.score], ["a", 50]);
});

test("a timeline is summed up in numbers, and topics that moved by less than half a point are left out", () => {
  const row = (questions_attempted, correct, mastery_score) => ({ questions_attempted, correct, mastery_score });
  assert.deepEqual(timelineFacts([row(4, 1, 10), row(0, 0, 11), row(6, 4, 12)]), { days: 2, answers: 10, most: 6, accuracy: 50, from: 10, to: 12 });
  assert.deepEqual(timelineFacts([row(0, 0, 0)]), { days: 0, answers: 0, most: 0, accuracy: null, from: 0, to: 0 });
  assert.deepEqual(movedTopics([{ change: 0.4 }, { change: 0.6 }, { change: -0.7 }]).length, 2);
});

const question = (id, concept_id, difficulty = "easy") => ({ id, concept_id, difficulty });
const next = (questions, mastery, askedIds = []) => nextQuestion(questions, new Map(Object.entries(mastery)), askedIds)?.id;

test("the least mastered concept is asked first, its easier questions before the others", () => {
  const questions = [question("a2", "a", "hard"), question("a1", "a"), question("b1", "b")];
  assert.equal(next(questions, { a: 20, b: 60 }), "a1");
  assert.equal(next(questions, { a: 20, b: 60 }, ["a1"]), "a2");
  assert.equal(next(questions, { a: 20 }), "b1", "a concept without answers has a mastery of 0");
  assert.equal(next(questions, { a: 70, b: 60 }), "b1");
  assert.equal(next([], {}), undefined);
});

test("a concept is not asked three times in a row while there is another", () => {
  const questions = [question("a1", "a"), question("a2", "a"), question("a3", "a"), question("b1", "b")];
  assert.equal(next(questions, { a: 1, b: 99 }, ["a1", "a2"]), "b1");
  assert.equal(next(questions.slice(0, 3), { a: 1 }, ["a1", "a2"]), "a3");
});

test("when all questions were asked, the one asked longest ago comes again", () => {
  const questions = [question("a1", "a"), question("b1", "b"), question("b2", "b")];
  assert.equal(next(questions, { a: 90, b: 1 }, ["a1", "b1", "b2"]), "a1");
  assert.equal(next(questions, { a: 90, b: 1 }, ["b1", "b2", "a1"]), "b1");
  assert.equal(next([question("a1", "a")], { a: 5 }, ["a1"]), "a1", "even if it is the only one");
});

test("each type of question offers its options, and a numerical answer may be any kind of number", () => {
  assert.deepEqual(optionsOf({ question_type: "true_false", options: null }), ["true", "false"]);
  assert.deepEqual(optionsOf({ question_type: "mcq", options: ["x", "y"] }), ["x", "y"]);
  assert.equal(optionsOf({ question_type: "numerical", options: null }), null);
  for (const text of ["3", "−2,5", "1/2", " 4 "]) assert.ok(mayBeNumber(text), text);
  for (const text of ["", "x", "−"]) assert.ok(!mayBeNumber(text), text);
});

test("feedback depends on the student's confidence", () => {
  assert.deepEqual([1, 2, 3, 4, 5].map((level) => feedbackOf(true, level)), ["rightGuess", "right", "right", "rightSure", "rightSure"]);
  assert.deepEqual([1, 3, 4].map((level) => feedbackOf(false, level)), ["wrong", "wrong", "wrongSure"]);
});

test("the address names the view", () => {
  assert.deepEqual(viewOf(""), { name: "today", topicId: null });
  assert.deepEqual(viewOf("#practise"), { name: "practise", topicId: null });
  assert.deepEqual(viewOf("#practise=01a2-b"), { name: "practise", topicId: "01a2-b" });
  assert.deepEqual(viewOf("#progress"), { name: "progress", topicId: null });
  for (const hash of ["#", "#other", "#practise=<b>", "#progressive"]) assert.equal(viewOf(hash).name, "today", hash);
});

test("only the changed fields of a profile are sent", () => {
  const profile = { target_exam: "Finals", exam_date: "2027-06-01T00:00:00Z", grade: 10, available_hours_per_day: 2 };
  const fields = { target_exam: "Finals ", exam_date: "2027-06-01", grade: "10", available_hours_per_day: "2" };
  assert.deepEqual(profileChanges(profile, fields), {});
  assert.deepEqual(profileChanges(profile, { ...fields, exam_date: "", available_hours_per_day: "1.5" }), { exam_date: null, available_hours_per_day: 1.5 });
  assert.deepEqual(profileChanges({ ...profile, exam_date: null }, { ...fields, exam_date: "" }), {});
});

const answer = (id) => ({ id, question_id: "q", answer: "x", confidence: 3, time_taken_seconds: 1 });

test("waiting answers are kept by account, and damaged ones are left out", () => {
  const storage = memory();
  keepAnswer("ann", answer("1"), storage);
  keepAnswer("ann", answer("2"), storage);
  keepAnswer("ann", answer("1"), storage);
  keepAnswer("bob", answer("3"), storage);
  assert.deepEqual(waitingAnswers("ann", storage).map(({ id }) => id), ["2", "1"]);
  forgetAnswer("ann", "2", storage);
  assert.deepEqual(waitingAnswers("ann", storage).map(({ id }) => id), ["1"]);
  forgetAnswer("ann", "1", storage);
  assert.deepEqual([waitingAnswers("ann", storage), waitingAnswers("bob", storage).length], [[], 1]);
  for (const text of ["{", "[]", '{"ann": 1}', '{"ann": [null, {"id": 1}]}']) {
    storage.setItem("stepwise.answers", text);
    assert.deepEqual(waitingAnswers("ann", storage), [], text);
  }
});

test("an answer waits until the server has it, and is forgotten when it is refused", async () => {
  globalThis.localStorage = memory();
  globalThis.addEventListener ??= () => {};
  globalThis.removeEventListener ??= () => {};
  const { signal } = new AbortController();
  const failures = [new Problem("server", { seconds: 0.001 }), new Problem("limited", { seconds: 0.001 })];
  const waitingIdsByCall = [];
  const api = async (method, path, { body }) => {
    waitingIdsByCall.push(waitingAnswers("ann").map(({ id }) => id));
    if (failures.length) throw failures.shift();
    return { id: body.id };
  };
  assert.deepEqual(await dataOf(api, "ann").answer(answer("1"), signal, () => {}), { id: "1" });
  assert.deepEqual(waitingIdsByCall, [["1"], ["1"], ["1"]]);
  assert.equal(dataOf(api, "ann").waiting(), 0);
  const refuse = async () => {
    throw new Problem("missing");
  };
  await assert.rejects(dataOf(refuse, "ann").answer(answer("2"), signal, () => {}), { kind: "missing" });
  assert.equal(dataOf(api, "ann").waiting(), 0);
  const refuseCredential = async () => {
    throw new Problem("credential");
  };
  await assert.rejects(dataOf(refuseCredential, "ann").answer(answer("3"), signal, () => {}), { kind: "credential" });
  assert.equal(dataOf(api, "ann").waiting(), 1, "it can be sent after the next log-in");
});

test("waiting answers are sent in order: a refused one is dropped, and a lost connection keeps the rest", async () => {
  globalThis.localStorage = memory();
  for (const id of ["1", "2", "3"]) keepAnswer("ann", answer(id));
  const sentIds = [];
  const outcomes = [null, new Problem("conflict"), new Problem("offline")];
  const api = async (method, path, { body }) => {
    sentIds.push(body.id);
    const problem = outcomes.shift();
    if (problem) throw problem;
  };
  await assert.rejects(dataOf(api, "ann").sendWaiting(), { kind: "offline" });
  assert.deepEqual(sentIds, ["1", "2", "3"]);
  assert.deepEqual(waitingAnswers("ann").map(({ id }) => id), ["3"]);
});

test("marks, minutes and clock times are formatted for the page", () => {
  assert.deepEqual([0.208, 0.834, 1, 1.04, 1.2, 12.4].map(marks), ["0.21 marks", "0.83 marks", "1 mark", "1 mark", "1.2 marks", "12 marks"]);
  assert.deepEqual([19.8, 60, 119, 120, 80].map(minutes), ["20 min", "1 h", "1 h 59", "2 h", "1 h 20"]);
  assert.deepEqual([0, 9.9, 65, 3600].map(clockOf), ["0:00", "0:09", "1:05", "60:00"]);
});

test("installing is put off for a week", () => {
  const storage = memory();
  const hour = 3_600_000;
  const now = 1_800_000_000_000;
  assert.equal(installIsPutOff(now, storage), false);
  putOffInstall(now, storage);
  assert.deepEqual([0, 1, 167, 168].map((hours) => installIsPutOff(now + hours * hour, storage)), [true, true, true, false]);
  assert.equal(installIsPutOff(now - hour, storage), false, "a clock that was set back does not put it off for ever");
  const full = { setItem() { throw new Error("full"); }, getItem() { throw new Error("refused"); } };
  putOffInstall(now, full);
  assert.equal(installIsPutOff(now, full), false);
});
