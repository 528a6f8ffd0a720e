// Data that refreshes itself: pauses while the page is hidden, keeps the last good data, waits longer
// after each failure.
import { useCallback, useEffect, useRef, useState } from "./html.js";
import { isTemporary } from "./problems.js";

export const REFRESH_MS = 10_000;
const LONGEST_WAIT_MS = 60_000;

/** The pause before the next call, in milliseconds. `failures` is the number of consecutive failures. */
export function pauseAfter(failures, problem = null, interval = REFRESH_MS) {
  if (problem?.seconds) return problem.seconds * 1000;
  return Math.min(LONGEST_WAIT_MS, interval * 2 ** failures);
}

/** The state to show: loading, ready, stale (old data, and a temporary problem) or failed (any other problem). */
export function stateOf({ data, problem }) {
  if (problem === null) return data === null ? "loading" : "ready";
  return data === null || !isTemporary(problem) ? "failed" : "stale";
}

const EMPTY = { data: null, problem: null, loadedAt: null, nextAt: null, failures: 0 };

/**
 * Load data, then load it again every `interval` milliseconds (never if that is null) and when the page is shown or
 * online again. While `paused`, it is loaded again only by `reload` of the result, which loads at once.
 *
 * @param {((signal: AbortSignal, last: any) => Promise<any>)|null} load null loads nothing
 * @param {{interval?: number, paused?: boolean}} options
 */
export function useLive(load, { interval = REFRESH_MS, paused = false } = {}) {
  const [state, setState] = useState(EMPTY);
  const [turn, setTurn] = useState(0);
  const latest = useRef(EMPTY);
  const update = useCallback((next) => {
    latest.current = next;
    setState(next);
  }, []);
  useEffect(() => update(EMPTY), [load]);
  useEffect(() => {
    if (!load) return undefined;
    const controller = new AbortController();
    let timer;
    let running = false;
    const run = async () => {
      clearTimeout(timer);
      if (running || document.hidden || controller.signal.aborted) return;
      running = true;
      let next;
      try {
        const data = await load(controller.signal, latest.current.data);
        next = { data, problem: null, loadedAt: Date.now(), failures: 0 };
      } catch (problem) {
        next = { ...latest.current, problem, failures: latest.current.failures + 1 };
      }
      running = false;
      if (controller.signal.aborted) return;
      const again = !paused && interval !== null && (next.problem === null || isTemporary(next.problem));
      const pause = again ? pauseAfter(next.failures, next.problem, interval) : null;
      update({ ...next, nextAt: again ? Date.now() + pause : null });
      if (again) timer = setTimeout(run, pause);
    };
    const resume = () => {
      if (!document.hidden && !paused) run();
    };
    document.addEventListener("visibilitychange", resume);
    addEventListener("online", resume);
    if (!paused || latest.current.data === null || turn) run();
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", resume);
      removeEventListener("online", resume);
    };
  }, [load, interval, paused, turn]);
  return { ...state, state: stateOf(state), reload: useCallback(() => setTurn((n) => n + 1), []) };
}

/** The time in milliseconds, updated every `interval`, for ages and countdowns. */
export function useNow(interval = 1000) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}
