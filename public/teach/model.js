// Data of the class page, computed from the responses of the study planner. No DOM, no clock.
import { STUDENTS } from "./texts.js";

const ORDER = { high: 0, medium: 1, none: 2 };

/** The name of a member, or a substitute: an adopted profile may have no account. */
export function memberName({ student_id: id, student_name: name }) {
  return name ?? STUDENTS.noName(id);
}

/**
 * A row for each member, those at risk first, then by expected mark.
 *
 * @returns {{id: string, name: string, risk: "high"|"medium"|"none", mean: number|null,
 *   weak: object[], value: number|null, low: number, high: number, before: null}[]} `value` is null where
 *   nothing is predicted; `before` is null, so that `Interval` marks no earlier value
 */
export function studentRows(members, analytics) {
  const predictions = new Map(analytics.predictions.map((row) => [row.student_id, row]));
  const risks = new Map(analytics.at_risk_students.map((row) => [row.student_id, row]));
  return members
    .map((member) => {
      const prediction = predictions.get(member.student_id);
      const risk = risks.get(member.student_id);
      return {
        id: member.student_id,
        name: memberName(member),
        risk: risk?.risk_level ?? "none",
        mean: risk?.avg_mastery ?? null,
        weak: risk?.weak_topics ?? [],
        value: prediction?.predicted_score ?? null,
        low: prediction?.confidence_interval.lower ?? 0,
        high: prediction?.confidence_interval.upper ?? 100,
        before: null,
      };
    })
    .toSorted((a, b) => ORDER[a.risk] - ORDER[b.risk] || (a.value ?? 0) - (b.value ?? 0) || a.name.localeCompare(b.name, "en"));
}

/** The number of students of each kind, and of all. */
export function countsOf(rows) {
  const counts = { all: rows.length, high: 0, medium: 0, none: 0 };
  for (const { risk } of rows) counts[risk] += 1;
  return counts;
}

/** The rows of a kind: all, high, medium or none. */
export function ofKind(rows, kind) {
  return kind === "all" ? rows : rows.filter(({ risk }) => risk === kind);
}

/**
 * Topics with the class's mean and their share of the exam, in the order of the response, the weakest first; those that
 * nobody has begun come last.
 */
export function topicRows(analytics, topics) {
  const weights = new Map(topics.map(({ id, exam_weightage: weight }) => [id, weight]));
  const weak = new Map(analytics.weak_topics.map((row) => [row.topic_id, row.struggling_students]));
  const rows = analytics.topics.map((row) => ({
    id: row.topic_id,
    name: row.topic_name,
    mean: row.avg_mastery,
    weight: weights.get(row.topic_id) ?? 0,
    below: weak.get(row.topic_id) ?? null,
    begun: row.avg_mastery > 0,
    weak: row.avg_mastery > 0 && weak.has(row.topic_id),
  }));
  return [...rows.filter(({ begun }) => begun), ...rows.filter(({ begun }) => !begun)];
}

/** The weak topics that cost the class the most marks: missing mastery times the share of the exam. */
export function costliest(rows, limit = 3) {
  const cost = ({ mean, weight }) => (100 - mean) * weight;
  return rows.filter(({ weak }) => weak).toSorted((a, b) => cost(b) - cost(a)).slice(0, limit);
}

/** The exams, the newest first, each with its name, day, mean mark, and mark by student. */
export function examsOf(marks) {
  const exams = new Map();
  for (const row of marks) {
    const key = `${row.exam_date} ${row.exam}`;
    if (!exams.has(key)) exams.set(key, { key, exam: row.exam, date: row.exam_date, marks: new Map() });
    exams.get(key).marks.set(row.student_id, row.mark);
  }
  return [...exams.values()]
    .map((each) => ({ ...each, mean: [...each.marks.values()].reduce((sum, mark) => sum + mark, 0) / each.marks.size }))
    .toSorted((a, b) => b.date.localeCompare(a.date));
}

/**
 * The marks in a form, and its faults by field.
 *
 * @param {{exam: string, exam_date: string}} fields and a text for each student under the student's id
 * @returns {{faults: Record<string, string>, marks: {student_id: string, mark: number}[]}}
 */
export function marksIn(fields, ids, words) {
  const faults = {};
  if (!fields.exam.trim()) faults.exam = words.examMissing;
  if (!fields.exam_date) faults.exam_date = words.dateMissing;
  const marks = [];
  for (const id of ids) {
    const text = (fields[id] ?? "").trim().replace(",", ".");
    const mark = Number(text);
    if (text && !(mark >= 0 && mark <= 100)) faults[id] = words.wrong;
    else if (text) marks.push({ student_id: id, mark });
  }
  return { faults, marks };
}

/** The class that the address names, or the first one if it names none of them. */
export function classOf(hash, classes) {
  const [, id] = /^#class=([\w-]+)$/.exec(hash) ?? [];
  return classes.find((each) => each.id === id) ?? classes[0] ?? null;
}
