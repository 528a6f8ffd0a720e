// The calls of a test: start it, read its state, deliver an answer until it is acknowledged.
import { pauseAfter } from "../shared/live.js";
import { isPassing } from "../shared/problems.js";

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
