// Levels with their intervals, computed from proficiency and confidence. No DOM, no clock.

const Z95 = 1.959964; // 97.5th percentile of the standard normal distribution
const MIN_SHARE = 0.001; // a rounded proficiency may be 0 or 1, which no finite ability has
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
 * 95 % interval of a level, as shares of all students.
 *
 * @param {number} proficiency expected percentile, Φ(m / √(1 + v)) of the ability's mean and variance
 * @param {number} confidence 1 − v
 */
export function interval(proficiency, confidence) {
  const variance = Math.max(0, 1 - confidence);
  const mean = quantile(Math.min(1 - MIN_SHARE, Math.max(MIN_SHARE, proficiency))) * Math.sqrt(1 + variance);
  const half = Z95 * Math.sqrt(variance);
  return [normal(mean - half), normal(mean + half)];
}

/** A level in words: "below", "around" or "above" the middle of all students, by its whole interval. */
export function levelOf([low, high]) {
  if (low > 0.5) return "above";
  return high < 0.5 ? "below" : "around";
}

/**
 * One row for each concept of the result, in points from 0 to 100. `before` is null where it is not known, and
 * `change` is null if `before` is null or between `low` and `high`. A concept that the result lacks has no row.
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

/** The profile of a student without answers. */
export function emptyProfile(names) {
  return profileOf({ concept_names: names, proficiency: names.map(() => 0.5), confidence: names.map(() => 0) }, names);
}

/** The concept that moved most between two profiles: `{name, points}`, null if none did. */
export function greatestMove(before, after) {
  const moves = after.map((row, place) => ({ name: row.name, points: row.value - (before[place]?.value ?? row.value) }));
  const most = moves.reduce((best, move) => (Math.abs(move.points) > Math.abs(best.points) ? move : best), { points: 0 });
  return most.points ? most : null;
}
