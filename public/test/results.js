// The calls that read the results of tests.
import { profileOf } from "./levels.js";

const resultPath = ({ studentId }, part) => `/api/student/${encodeURIComponent(studentId)}/${part}`;

/** Proficiency and confidence of one test, now or at its end. */
export function proficiencyOf(api, test, signal) {
  return api("GET", resultPath(test, "proficiency"), { headers: { "X-Session-Id": test.sessionId }, signal });
}

/** One test as recorded, and its profile; the profile is null while the result is not disclosed. */
export async function resultOf(api, test, signal) {
  const headers = { "X-Session-Id": test.sessionId };
  const [history, proficiency] = await Promise.all([
    api("GET", resultPath(test, "history"), { headers, signal }),
    proficiencyOf(api, test, signal),
  ]);
  const recorded = history.test_sessions[0];
  const disclosed = recorded.final_proficiency !== undefined && proficiency.concept_names.length > 0;
  const names = recorded.concept_names ?? proficiency.concept_names;
  return { test: recorded, profile: disclosed ? profileOf(proficiency, names, recorded.initial_proficiency ?? null) : null };
}
