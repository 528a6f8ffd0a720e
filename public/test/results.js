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
  const testRecord = history.test_sessions[0];
  const disclosed = testRecord.final_proficiency !== undefined && proficiency.concept_names.length > 0;
  const names = testRecord.concept_names ?? proficiency.concept_names;
  return { test: testRecord, profile: disclosed ? profileOf(proficiency, names, testRecord.initial_proficiency ?? null) : null };
}
