// The logic of the authors' page, without the DOM.
import { FLAGS } from "./texts.js";

const LOW_DISCRIMINATION = 0.4;
const FEW_ANSWERS = 30;
const FEW_TESTS = 20;
const MARGIN = 1.1; // the random draw of exposure control may exceed its limit slightly
export const BATCH_BYTES = 3_000_000; // the platforms refuse bodies of more than 4.5 MB

const DETAIL = /^questions\[(\d+)\](?:\.(.+))?$/;

/** Problems of a question for its author: `[{why, what}]`, worst first. */
export function flagsOf(question, { testCount, maxExposure }) {
  const flags = [];
  const { discrimination, is_calibrated: calibrated } = question.parameters;
  const chance = 1 / question.options.length;
  if (!question.is_asked && !question.retired) flags.push(FLAGS.noKey);
  if (question.retired) return flags;
  if (question.times_shown >= FEW_ANSWERS && question.right_share < chance) flags.push(FLAGS.belowChance(question.right_share, question.times_shown));
  if (question.calibration?.drifted) flags.push(FLAGS.drifted(question.calibration.curve_change));
  if (calibrated && discrimination < LOW_DISCRIMINATION) flags.push(FLAGS.weak(discrimination, question.calibration?.errors.discrimination));
  if (maxExposure < 1 && testCount >= FEW_TESTS && question.times_shown / testCount > maxExposure * MARGIN) {
    flags.push(FLAGS.shown(question.times_shown / testCount, maxExposure));
  }
  return flags;
}

/** The questions that have flags: `[{question, flags}]`. */
export function flaggedQuestions(questions, pool) {
  return questions.map((question) => ({ question, flags: flagsOf(question, pool) })).filter(({ flags }) => flags.length);
}

/** One row for each concept: count, range of difficulty, the most shown question's share of tests. */
export function conceptRows(questions, names, testCount) {
  return names.map((name, place) => {
    const active = questions.filter((question) => question.is_asked && question.concepts[place] > 0);
    const difficulties = active.map((question) => question.parameters.difficulty);
    const most = Math.max(0, ...active.map((question) => question.times_shown));
    return {
      name,
      count: active.length,
      easiest: active.length ? Math.min(...difficulties) : null,
      hardest: active.length ? Math.max(...difficulties) : null,
      mostShown: testCount ? Math.min(1, most / testCount) : 0,
    };
  });
}

/** The range of proficiencies in which a test is precise enough: `[from, to]`, null if there is none. */
export function preciseRange(proficiencies, deviations, enough) {
  const precise = proficiencies.filter((_, place) => deviations[place] <= enough);
  return precise.length ? [precise[0], precise.at(-1)] : null;
}

/** Questions whose text, id or options contain every word of a search. */
export function matchingQuestions(questions, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return questions;
  return questions.filter((question) => {
    const text = `${question.id} ${question.content} ${question.options.join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The items without repeats of an id, and for each repeat a problem that names the line of the first item. */
export function withoutRepeats(items, problemOf) {
  const lineOfId = new Map();
  const problems = [];
  const unique = items.filter(({ line, question }) => {
    const first = lineOfId.get(question?.id);
    if (first !== undefined && question?.id !== undefined) problems.push({ line, problem: problemOf(question.id, first) });
    else lineOfId.set(question?.id, line);
    return first === undefined || question?.id === undefined;
  });
  return { items: unique, problems };
}

/** The problems of the items that a refusal names by `questions[i]`, and the remaining items; null if it names anything else. */
export function refusedItems(items, details) {
  const places = details.map((detail) => ({ match: DETAIL.exec(detail.field ?? ""), problem: detail.problem }));
  if (!places.length || places.some(({ match }) => match === null)) return null;
  const byPlace = new Map();
  for (const { match, problem } of places) {
    const place = Number(match[1]);
    const text = match[2] ? `${match[2]}: ${problem}` : problem;
    byPlace.set(place, [...(byPlace.get(place) ?? []), text]);
  }
  return {
    problems: [...byPlace].map(([place, texts]) => ({ line: items[place]?.line ?? 1, problem: texts.join("; ") })),
    remaining: items.filter((_, place) => !byPlace.has(place)),
  };
}

/** Items in batches whose JSON has at most `limit` bytes; each holds at least one item. */
export function batches(items, limit = BATCH_BYTES) {
  const encoder = new TextEncoder();
  const all = [];
  let size = Infinity;
  for (const item of items) {
    const length = encoder.encode(JSON.stringify(item.question)).length + 1; // and a comma
    if (size + length > limit) {
      all.push([]);
      size = 0;
    }
    all.at(-1).push(item);
    size += length;
  }
  return all;
}

const ID = /^\S*[\d@]\S*$/; // an id with a digit, or an e-mail; a name such as “Doe, Jane” has neither
const partsOf = (text, separators) => text.split(separators).map((part) => part.replace(/^[\s,;]+|[\s,;]+$/g, "")).filter(Boolean);

/**
 * The students of a list, one in each line, without repeats and without commas or semicolons around them. A single line
 * may be a list, too, if all of its parts are ids with a digit or e-mails: names may contain commas.
 */
export function studentsIn(text) {
  const lines = partsOf(text, /[\r\n]+/);
  const parts = lines.length === 1 ? partsOf(lines[0], /[,;]+/) : [];
  return [...new Set(parts.length && parts.every((part) => ID.test(part)) ? parts : lines)];
}

/** The pool that an address names: `#pool=…`. */
export function readHash(hash) {
  return new URLSearchParams(hash.replace(/^#/, "")).get("pool");
}
