import assert from "node:assert/strict";
import test from "node:test";
import { dataOf } from "../../public/teach/data.js";
import { classOf, costliest, countsOf, examsOf, marksIn, memberName, ofKind, studentRows, topicRows } from "../../public/teach/model.js";
import { MARKS, PAGE, signed } from "../../public/teach/texts.js";

const member = (student_id, student_name = student_id) => ({ student_id, student_name });
const predicted = (student_id, predicted_score) => ({ student_id, predicted_score, confidence_interval: { lower: predicted_score - 5, upper: predicted_score + 5 } });
const ANALYTICS = {
  predictions: [predicted("a", 70), predicted("b", 30), predicted("c", 20), predicted("d", 60)],
  at_risk_students: [
    { student_id: "b", avg_mastery: 50, risk_level: "medium", weak_topics: [] },
    { student_id: "c", avg_mastery: 30, risk_level: "high", weak_topics: [{ topic_name: "x", mastery_score: 1 }] },
  ],
  topics: [
    { topic_id: "t0", topic_name: "Never begun", avg_mastery: 0 },
    { topic_id: "t1", topic_name: "Weak and light", avg_mastery: 10 },
    { topic_id: "t2", topic_name: "Weak and heavy", avg_mastery: 30 },
    { topic_id: "t3", topic_name: "Solid", avg_mastery: 70 },
  ],
  weak_topics: [{ topic_id: "t0", struggling_students: 4 }, { topic_id: "t1", struggling_students: 3 }, { topic_id: "t2", struggling_students: 2 }],
};
const TOPICS = [{ id: "t0", exam_weightage: 50 }, { id: "t1", exam_weightage: 1 }, { id: "t2", exam_weightage: 5 }];

test("students are sorted by risk, then by expected mark, and the counts of all kinds are right", () => {
  const rows = studentRows(["a", "b", "c", "d", "e"].map((id) => member(id)), ANALYTICS);
  assert.deepEqual(rows.map(({ id }) => id), ["c", "b", "e", "d", "a"]);
  assert.deepEqual([rows[0].low, rows[0].high, rows[0].mean, rows[2].value], [15, 25, 30, null]);
  assert.deepEqual(countsOf(rows), { all: 5, high: 1, medium: 1, none: 3 });
  assert.deepEqual(["all", "high", "none"].map((kind) => ofKind(rows, kind).length), [5, 1, 3]);
});

test("a member without an account gets a substitute name", () => {
  assert.equal(memberName(member("01a2-x", null)), "No name (01a2)");
});

test("topics that nobody has begun come last and are never among the costliest", () => {
  const rows = topicRows(ANALYTICS, TOPICS);
  assert.deepEqual(rows.map(({ id }) => id), ["t1", "t2", "t3", "t0"]);
  assert.deepEqual(rows.map(({ weak, weight, below }) => [weak, weight, below]), [[true, 1, 3], [true, 5, 2], [false, 0, null], [false, 50, 4]]);
  assert.deepEqual(costliest(rows).map(({ id }) => id), ["t2", "t1"]);
  assert.deepEqual(costliest(rows, 1).map(({ id }) => id), ["t2"]);
});

test("marks are grouped by exam, the newest first", () => {
  const mark = (student_id, exam, exam_date, value) => ({ student_id, exam, exam_date, mark: value });
  const exams = examsOf([mark("a", "Mock", "2026-01-01", 50), mark("a", "Final", "2026-02-01", 90), mark("b", "Mock", "2026-01-01", 70)]);
  assert.deepEqual(exams.map(({ exam, mean, marks }) => [exam, mean, marks.size]), [["Final", 90, 1], ["Mock", 60, 2]]);
});

test("the form for marks accepts numbers from 0 to 100 and leaves out students without a mark", () => {
  const fields = { exam: "Final", exam_date: "2026-02-01", a: "0", b: " ", c: "71,5", d: "100" };
  assert.deepEqual(marksIn(fields, ["a", "b", "c", "d", "e"], MARKS), {
    faults: {},
    marks: [{ student_id: "a", mark: 0 }, { student_id: "c", mark: 71.5 }, { student_id: "d", mark: 100 }],
  });
  assert.deepEqual(Object.keys(marksIn({ exam: " ", exam_date: "", a: "100.1", b: "-1", c: "x" }, ["a", "b", "c"], MARKS).faults), ["exam", "exam_date", "a", "b", "c"]);
});

test("the address names the class; otherwise the first class is shown", () => {
  const classes = [{ id: "1" }, { id: "2" }];
  assert.deepEqual([classOf("#class=2", classes).id, classOf("#class=9", classes).id, classOf("", classes).id, classOf("", [])], ["2", "1", "1", null]);
});

test("lists are read to their last page", async () => {
  const cursors = [];
  const api = async (method, path, { query }) => {
    cursors.push(query.cursor);
    return query.cursor === null ? { classes: [1, 2], next_cursor: "n" } : { classes: [3], next_cursor: null };
  };
  assert.deepEqual(await dataOf(api).classes(), [1, 2, 3]);
  assert.deepEqual(cursors, [null, "n"]);
});

test("a difference is written with its sign", () => {
  assert.deepEqual([1.25, 0, -3].map(signed), ["+1.3", "+0.0", "−3.0"]);
});

test("the heading of a class is right for one student, too", () => {
  assert.equal(PAGE.atRisk("8b", 1, 1), "8b: 1 of 1 student at high risk");
  assert.deepEqual([PAGE.calm("8b", 1), PAGE.calm("8b", 2)], ["8b: the only student is not at risk", "8b: none of 2 students is at risk"]);
});
