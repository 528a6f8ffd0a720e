// The overview of the study page without the server: the last one that the server sent, updated with the rows of this
// device.
// No DOM, no clock.
import { foldAttempts, masteryBody } from "./mastery.js";

const DAY_MS = 86_400_000;
const DAYS = 30;

const dayOf = (text) => text.slice(0, 10);
const percent = (right, all) => (all ? (100 * right) / all : null);

/** Attempts as the model of mastery reads them. */
export function attemptsOf(rows) {
  return rows.map(({ id, columns }) => ({ id, ...columns }));
}

function profileOf(profile, columns, now) {
  const today = Date.parse(dayOf(new Date(now).toISOString()));
  const date = columns.exam_date;
  return { ...profile, ...columns, days_to_exam: date === null ? null : Math.round((Date.parse(dayOf(date)) - today) / DAY_MS) };
}

/**
 * The last 30 days: answers are counted here; the mastery of past days comes from the last overview.
 *
 * An answer that could not be graded here counts once the server has graded it; the same holds for mastery. Today
 * includes answers with a later time, as on the server, since the clock of another device may be ahead.
 */
function progressOf(progress, attempts, score, now) {
  const graded = attempts.filter((attempt) => attempt.is_correct !== null);
  const today = dayOf(new Date(now).toISOString());
  const days = new Map();
  for (const { timestamp, is_correct: right } of graded) {
    const date = dayOf(timestamp) < today ? dayOf(timestamp) : today;
    const day = days.get(date) ?? { answers: 0, right: 0 };
    days.set(date, { answers: day.answers + 1, right: day.right + (right ? 1 : 0) });
  }
  const scores = new Map(progress.timeline.map((day) => [day.date, day.mastery_score]));
  let last = progress.timeline[0]?.mastery_score ?? 0;
  const timeline = Array.from({ length: DAYS }, (_, place) => {
    const date = dayOf(new Date(now - (DAYS - 1 - place) * DAY_MS).toISOString());
    const { answers, right } = days.get(date) ?? { answers: 0, right: 0 };
    last = place === DAYS - 1 ? score : scores.get(date) ?? last;
    return { date, questions_attempted: answers, correct: right, accuracy: percent(right, answers), mastery_score: last };
  });
  const right = graded.filter((attempt) => attempt.is_correct).length;
  return { ...progress, timeline, mastery_score: score, questions_attempted: graded.length, accuracy: percent(right, graded.length) };
}

/**
 * The overview, updated with the rows of this device.
 *
 * @param {object} overview the last one of the server
 * @param {object} content as `contentOf` returns it
 * @param {{profile: object|undefined, attempts: object[]}} rows of this device
 * @param {number} now milliseconds since 1970
 */
export function withRows(overview, content, { profile, attempts }, now) {
  const answers = attemptsOf(attempts);
  const mastery = { ...overview.mastery, ...masteryBody(overview.topics, foldAttempts(answers, content.questions, content.calibration)) };
  return {
    ...overview,
    profile: profile ? profileOf(overview.profile, profile.columns, now) : overview.profile,
    mastery,
    progress: progressOf(overview.progress, answers, mastery.mastery_score, now),
  };
}
