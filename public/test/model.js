// What the test page shows, computed from the responses of the test's endpoints. No DOM, no clock.

const Z95 = 1.959964; // 97.5th percentile of the standard normal distribution
const LEAST = 0.001; // a rounded proficiency may be 0 or 1, which no finite ability has
const points = (share) => Math.round(100 * share);

/** The standard normal distribution function; error below 1e-7 (Abramowitz & Stegun 26.2.17). */
export function normal(x) {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x < 0 ? tail : 1 - tail;
}

/** The inverse of `normal`, for shares between 0 and 1. */
export function quantile(share) {
  let [low, high] = [-8, 8];
  while (high - low > 1e-7) {
    const middle = (low + high) / 2;
    if (normal(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Where a level lies with a probability of 95 %, as shares of all students.
 *
 * @param {number} proficiency expected percentile, Φ(m / √(1 + v)) of the ability's mean and variance
 * @param {number} confidence 1 − v
 */
export function interval(proficiency, confidence) {
  const variance = Math.max(0, 1 - confidence);
  const mean = quantile(Math.min(1 - LEAST, Math.max(LEAST, proficiency))) * Math.sqrt(1 + variance);
  const half = Z95 * Math.sqrt(variance);
  return [normal(mean - half), normal(mean + half)];
}

/** Whether a level is below, around or above the middle of all students. */
export function levelOf([low, high]) {
  if (low > 0.5) return "above";
  return high < 0.5 ? "below" : "around";
}

/**
 * One row for each concept, in points from 0 to 100. `before` is null where it is not known, and
 * `change` is null if it lies inside the band.
 *
 * @param {{concept_names: string[], proficiency: number[], confidence: number[]}} result
 * @param {string[]} names the concepts in the order of the test
 * @param {number[]|null} initial proficiency before the test, in the same order
 */
export function profileOf(result, names, initial = null) {
  return names
    .map((name, place) => {
      const index = result.concept_names.indexOf(name);
      if (index < 0) return null;
      const band = interval(result.proficiency[index], result.confidence[index]);
      const [low, high] = band.map(points);
      const value = points(result.proficiency[index]);
      const before = initial ? points(initial[place]) : null;
      const inside = before === null || (before >= low && before <= high);
      return { name, value, low, high, level: levelOf(band), before, change: inside ? null : value - before };
    })
    .filter(Boolean);
}

/** The profile of somebody about whom nothing is known. */
export function emptyProfile(names) {
  return profileOf({ concept_names: names, proficiency: names.map(() => 0.5), confidence: names.map(() => 0) }, names);
}

/** What a question is about: its concepts, the weightiest first, and whether one is the least certain. */
export function aboutOf(question, names, profile = null) {
  const concepts = names
    .map((name, place) => ({ name, weight: question.concepts[place] ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ name }) => name);
  const width = ({ low, high }) => high - low;
  const widest = profile ? Math.max(...profile.map(width)) : 0;
  const certain = profile ? Math.min(...profile.map(width)) : 0;
  const leastCertain = widest > certain && profile.some((row) => row.name === concepts[0] && width(row) === widest);
  return { concepts, leastCertain };
}

/** The concept that moved most between two profiles: `{name, points}`, null if none did. */
export function greatestMove(before, after) {
  const moves = after.map((row, place) => ({ name: row.name, points: row.value - (before[place]?.value ?? row.value) }));
  const most = moves.reduce((best, move) => (Math.abs(move.points) > Math.abs(best.points) ? move : best), { points: 0 });
  return most.points ? most : null;
}

/** The text of an option; older pools have other JSON values than texts. */
export function optionText(option) {
  if (typeof option === "string") return option;
  if (typeof option?.text === "string") return option.text;
  return JSON.stringify(option);
}

/** The option that a key chooses, counted from 0; null if it chooses none. */
export function optionOfKey(key, options) {
  const place = /^[1-9]$/.test(key) ? Number(key) - 1 : null;
  return place !== null && place < options ? place : null;
}

/** The ticket in a pasted link or text, or in the hash of the address; null if there is none. */
export function ticketIn(text) {
  const trimmed = text.trim();
  const [, inLink] = /[#?&]ticket=([^&#\s]+)/.exec(trimmed) ?? [];
  if (inLink) return decodeURIComponent(inLink);
  return /^[^\s#/?&]{20,}$/.test(trimmed) ? trimmed : null;
}

/** What became of an answer that the server refused: closed, moved (another tab answered) or refused. */
export function refusalOf({ code }) {
  if (["session_closed", "session_expired"].includes(code)) return "closed";
  if (["other_answer_stored", "not_the_question_asked"].includes(code)) return "moved";
  return code === "session_not_found" ? "gone" : "refused";
}

const mean = (values) => Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);

/**
 * The tests on the same concepts, oldest first, for a picture over time; the group with the newest
 * test comes first.
 *
 * @param {{test: object, profile: object[]|null}[]} taken
 */
export function groupsOf(taken) {
  const groups = new Map();
  for (const one of taken.filter(({ profile }) => profile?.length)) {
    const names = one.profile.map((row) => row.name);
    const key = JSON.stringify(names);
    if (!groups.has(key)) groups.set(key, { key, names, tests: [] });
    groups.get(key).tests.push(one);
  }
  const time = ({ test }) => Date.parse(test.completed_at ?? test.started_at);
  for (const group of groups.values()) group.tests.sort((a, b) => time(a) - time(b));
  return [...groups.values()].sort((a, b) => time(b.tests.at(-1)) - time(a.tests.at(-1)));
}

/** The points of one concept over the tests of a group; null stands for the mean of all, without a band. */
export function seriesOf(group, concept) {
  return group.tests.map(({ test, profile }) => {
    const row = profile.find(({ name }) => name === concept);
    const value = row ? row.value : mean(profile.map((one) => one.value));
    return { id: test.session_id, date: test.completed_at ?? test.started_at, value, low: row?.low ?? null, high: row?.high ?? null, test };
  });
}

/** The places of at most `most` labels among `length`: the first, the last, and some between. */
export function labelledPlaces(length, most = 4) {
  if (length <= most) return Array.from({ length }, (_, place) => place);
  return Array.from({ length: most }, (_, n) => Math.round((n * (length - 1)) / (most - 1)));
}
