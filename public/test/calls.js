// The calls of a test: start it, read its state, deliver an answer until it is acknowledged.
import { untilAnswered } from "../shared/deliver.js";

const SUBMIT_TIMEOUT_MS = 15_000;

/** Start a test or resume one; `key` makes repeated clicks start one test. */
export async function startTest(api, body, key) {
  return api("POST", "/api/test/start", { body, headers: key ? { "Idempotency-Key": key } : {} });
}

/** The state of a test, with which a page resumes it after a reload. */
export function statusOf(api, sessionId, signal) {
  return api("GET", `/api/test/status/${encodeURIComponent(sessionId)}`, { signal });
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
export function deliver(api, body, signal, onWait) {
  const submit = () => api("POST", "/api/test/submit", { body, timeout: SUBMIT_TIMEOUT_MS, signal });
  return untilAnswered(submit, signal, onWait);
}
