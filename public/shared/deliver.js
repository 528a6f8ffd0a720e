// A call that is repeated until the server has acknowledged or refused it. Repeating has to be safe.
import { pauseAfter } from "./live.js";
import { isPassing } from "./problems.js";

const FIRST_PAUSE_MS = 2000;

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
 * Make a call again and again while its problems pass by themselves.
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
