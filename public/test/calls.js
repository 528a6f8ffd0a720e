// The calls of a test: start it, deliver an answer until it is acknowledged, read its result.
import { pauseAfter } from "../shared/live.js";
import { isPassing } from "../shared/problems.js";
import { profileOf } from "./model.js";

const SUBMIT_TIMEOUT_MS = 15_000;
const FIRST_PAUSE_MS = 2000;

/** Start a test or resume one; `key` makes two clicks one test. */
export async function startTest(api, body, key) {
  return api("POST", "/api/test/start", { body, headers: key ? { "Idempotency-Key": key } : {} });
}

/** The state of a test, from which a page goes on after a reload. */
export function statusOf(api, sessionId, signal) {
  return api("GET", `/api/test/status/${encodeURIComponent(sessionId)}`, { signal });
}

function pause(milliseconds, signal, wake) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    }
    addEventListener("online", done);
    signal.addEventListener("abort", done);
    wake.now = done;
  });
}

/**
 * Send an answer again and again until the server has acknowledged or refused it. Repeating is safe:
 * the same answer counts once.
 *
 * @param {Function} api
 * @param {{session_id: string, question_id: string, response: number}} body
 * @param {AbortSignal} signal
 * @param {(waiting: {problem: Error, until: number, now: () => void}|null) => void} onWait
 */
export async function deliver(api, body, signal, onWait) {
  for (let failures = 0; ; failures += 1) {
    try {
      const response = await api("POST", "/api/test/submit", { body, timeout: SUBMIT_TIMEOUT_MS, signal });
      onWait(null);
      return response;
    } catch (problem) {
      if (signal.aborted || !(isPassing(problem) || problem.kind === "locked")) throw problem;
      const milliseconds = pauseAfter(failures, problem, FIRST_PAUSE_MS);
      const wake = {};
      const over = pause(milliseconds, signal, wake);
      onWait({ problem, until: Date.now() + milliseconds, now: wake.now });
      await over;
      signal.throwIfAborted();
    }
  }
}

const resultPath = ({ studentId }, part) => `/api/student/${encodeURIComponent(studentId)}/${part}`;

/** Proficiency and confidence of one test, now or at its end. */
export function proficiencyOf(api, test, signal) {
  return api("GET", resultPath(test, "proficiency"), { headers: { "X-Session-Id": test.sessionId }, signal });
}

/** One test as recorded, and its profile; the profile is null where no result is told. */
export async function resultOf(api, test, signal) {
  const headers = { "X-Session-Id": test.sessionId };
  const [history, proficiency] = await Promise.all([
    api("GET", resultPath(test, "history"), { headers, signal }),
    proficiencyOf(api, test, signal),
  ]);
  const recorded = history.test_sessions[0];
  const told = recorded.final_proficiency !== undefined && proficiency.concept_names.length > 0;
  const names = recorded.concept_names ?? proficiency.concept_names;
  return { test: recorded, profile: told ? profileOf(proficiency, names, recorded.initial_proficiency ?? null) : null };
}
