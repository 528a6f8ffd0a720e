// A call that is repeated until the server has acknowledged or refused it. Repeating has to be safe.
import { pauseAfter } from "./live.js";
import { isTemporary } from "./problems.js";

const FIRST_PAUSE_MS = 2000;

/** A pause that ends early if the connection is back or the signal aborts; `end` ends it at once. */
function pause(milliseconds, signal) {
  let resolve;
  const ended = new Promise((next) => {
    resolve = next;
  });
  const timer = setTimeout(end, milliseconds);
  function end() {
    clearTimeout(timer);
    removeEventListener("online", end);
    signal.removeEventListener("abort", end);
    resolve();
  }
  addEventListener("online", end);
  signal.addEventListener("abort", end);
  return { ended, end };
}

/**
 * Repeat a call as long as its problems are temporary, or a limit asks it to wait.
 *
 * @template Response
 * @param {(signal: AbortSignal) => Promise<Response>} call
 * @param {AbortSignal} signal
 * @param {(waiting: {problem: Error, until: number, now: () => void}|null) => void} onWait called
 *   before each pause, and with null after the response
 * @returns {Promise<Response>}
 */
export async function untilAnswered(call, signal, onWait) {
  for (let failures = 0; ; failures += 1) {
    try {
      const response = await call(signal);
      onWait(null);
      return response;
    } catch (problem) {
      if (signal.aborted || !(isTemporary(problem) || problem.kind === "limited")) throw problem;
      const milliseconds = pauseAfter(failures, problem, FIRST_PAUSE_MS);
      const { ended, end } = pause(milliseconds, signal);
      onWait({ problem, until: Date.now() + milliseconds, now: end });
      await ended;
      signal.throwIfAborted();
    }
  }
}
