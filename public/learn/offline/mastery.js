// Mastery computed answer by answer, as in lib/learning/mastery_model, with the server's calibration.
import { withMicroseconds } from "./clock.js";

const SLOW_PACE = Math.log(2);
const LONGEST_SECONDS = 3600;
const LARGEST_LOGIT = 30;
const MIDDLE_CONFIDENCE = 3;
const OFFSETS = { easy: -0.55, medium: 0, hard: 0.55 };
const BANDS = [[80, "excellent"], [60, "good"], [40, "fair"], [0, "needs work"]];

/** The calibration until the server has fitted its first, as in lib/learning/mastery_model/default.py. */
export const DEFAULT_CALIBRATION = {
  difficulty: -0.62,
  seconds: null,
  steps: { overall: 0.4, overall_decay: 0.02, concept: 1, concept_decay: 0.05, transfer: 0.7, share: 0.5, slow: 0.7, unsure: 0.7, repeated: 0.5 },
  items: {},
  concepts: {},
};

const bounded = (logit) => Math.max(-LARGEST_LOGIT, Math.min(LARGEST_LOGIT, logit));
const sum = (values) => values.reduce((total, value) => total + value, 0);

function difficultyOf(calibration, question) {
  const item = calibration.items[question.id];
  if (item) return item.difficulty;
  return (calibration.concepts[question.concept_id] ?? calibration.difficulty) + (OFFSETS[question.difficulty] ?? 0);
}

function usualSeconds(calibration, question) {
  return calibration.items[question.id]?.seconds ?? question.expected_time_seconds ?? calibration.seconds ?? null;
}

/** The weight of an answer, 0 to 1; 1 for the first answer to a question if it is wrong, or neither slow nor unsure. */
function weightOf(calibration, attempt, question, repeated) {
  const { steps } = calibration;
  const usual = usualSeconds(calibration, question);
  const right = attempt.is_correct;
  const slow = right && usual !== null && Math.log(Math.min(attempt.time_taken_seconds, LONGEST_SECONDS) / usual) > SLOW_PACE;
  const doubt = right && attempt.confidence !== null ? Math.max(0, (MIDDLE_CONFIDENCE - attempt.confidence) / (MIDDLE_CONFIDENCE - 1)) : 0;
  return (repeated ? steps.repeated : 1) * (slow ? steps.slow : 1) * (1 - doubt * (1 - steps.unsure));
}

/** An ability in logits after an answer; `answers` counts the earlier ones, `first` is the step for a first answer. */
function abilityAfter(ability, answers, difficulty, right, first, decay) {
  const expected = 1 / (1 + Math.exp(bounded(difficulty - ability)));
  return ability + ((right ? 1 : 0) - expected) * first / (1 + decay * answers);
}

function scoreOf(calibration, conceptId, skill) {
  return 100 / (1 + Math.exp(-bounded(skill - (calibration.concepts[conceptId] ?? calibration.difficulty))));
}

/** Attempts in canonical order: by time, then id. */
export function inOrder(attempts) {
  const keyed = attempts.map((attempt) => [`${withMicroseconds(attempt.timestamp)} ${attempt.id}`, attempt]);
  return keyed.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)).map(([, attempt]) => attempt);
}

/**
 * The mastery of each concept that was practised.
 *
 * @param {object[]} attempts with id, question_id, is_correct, time_taken_seconds, confidence, timestamp
 * @param {Map<string, object>} questions of the content files by id; answers to others do not count
 * @param {object} calibration coefficients of the content files
 * @returns {Map<string, {score: number, skill: number, attempts: number, correct: number, last: string}>}
 */
export function foldAttempts(attempts, questions, calibration = DEFAULT_CALIBRATION) {
  const { steps } = calibration;
  const concepts = new Map();
  const answeredIds = new Set();
  let [overall, total] = [0, 0];
  for (const attempt of inOrder(attempts)) {
    const question = questions.get(attempt.question_id);
    if (!question || attempt.is_correct === null) continue;
    const id = question.concept_id;
    const before = concepts.get(id) ?? { skill: steps.transfer * overall, attempts: 0, correct: 0 };
    const difficulty = difficultyOf(calibration, question);
    const weight = weightOf(calibration, attempt, question, answeredIds.has(question.id));
    const right = attempt.is_correct;
    const skill = abilityAfter(before.skill, before.attempts, difficulty, right, weight * steps.concept, steps.concept_decay);
    overall = abilityAfter(overall, total, difficulty, right, weight * steps.overall, steps.overall_decay);
    total += 1;
    answeredIds.add(question.id);
    concepts.set(id, { skill, attempts: before.attempts + 1, correct: before.correct + (right ? 1 : 0), score: scoreOf(calibration, id, skill), last: attempt.timestamp });
  }
  return concepts;
}

/** The band that holds a mastery, 0 to 100. */
export function bandOf(score) {
  return BANDS.find(([smallest]) => score >= smallest)[1];
}

/** The mastery of all topics with concepts, in the shape of `GET /api/learning/mastery`. */
export function masteryBody(topics, masteries) {
  const rows = topics.filter(({ concepts }) => concepts.length > 0).map((topic) => {
    const concepts = topic.concepts.map(({ id, name }) => {
      const { score = 0, attempts = 0, correct = 0, last = null } = masteries.get(id) ?? {};
      return { concept_id: id, concept_name: name, mastery_score: score, total_attempts: attempts, accuracy: attempts ? (100 * correct) / attempts : 0, last_updated: last, band: bandOf(score) };
    });
    const score = sum(concepts.map((row) => row.mastery_score)) / concepts.length;
    return { topic_id: topic.id, topic_name: topic.name, mastery_score: score, band: bandOf(score), concepts };
  });
  const weights = new Map(topics.map(({ id, exam_weightage: weight }) => [id, weight]));
  const total = sum(rows.map((row) => weights.get(row.topic_id)));
  const overall = total > 0
    ? sum(rows.map((row) => weights.get(row.topic_id) * row.mastery_score)) / total
    : sum(rows.map((row) => row.mastery_score)) / Math.max(rows.length, 1);
  return { mastery_score: overall, topics: rows };
}
