// Tests over time, computed from their profiles. No DOM, no clock.

const mean = (values) => Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);

/**
 * The tests on the same concepts, oldest first, for a picture over time; the group with the newest
 * test comes first.
 *
 * @param {{test: object, profile: object[]|null}[]} tests
 */
export function groupsOf(tests) {
  const groups = new Map();
  for (const one of tests.filter(({ profile }) => profile?.length)) {
    const names = one.profile.map((row) => row.name);
    const key = JSON.stringify(names);
    if (!groups.has(key)) groups.set(key, { key, names, tests: [] });
    groups.get(key).tests.push(one);
  }
  const time = ({ test }) => Date.parse(test.completed_at ?? test.started_at);
  for (const group of groups.values()) group.tests.sort((a, b) => time(a) - time(b));
  return [...groups.values()].sort((a, b) => time(b.tests.at(-1)) - time(a.tests.at(-1)));
}

/** The points of one concept over the tests of a group; null stands for the mean of all concepts, without a band. */
export function seriesOf(group, concept) {
  return group.tests.map(({ test, profile }) => {
    const row = profile.find(({ name }) => name === concept);
    const value = row ? row.value : mean(profile.map((one) => one.value));
    return { id: test.session_id, date: test.completed_at ?? test.started_at, value, low: row?.low ?? null, high: row?.high ?? null, test };
  });
}

/** The places of at most `most` labels among `length` points: the first, the last, and some between. */
export function labelledPlaces(length, most = 4) {
  if (length <= most) return Array.from({ length }, (_, place) => place);
  return Array.from({ length: most }, (_, n) => Math.round((n * (length - 1)) / (most - 1)));
}
