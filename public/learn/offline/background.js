// Automatic synchronisation: after each change, when the connection is back, and every one to two
// minutes. One tab at a time synchronises; it notifies the others, which read the store again.
import { isTemporary } from "../../shared/problems.js";
import { summaryOf } from "./queue.js";
import { META, QUEUE } from "./store.js";
import { synchronise } from "./sync.js";

const [FIRST_WAIT_MS, LONGEST_WAIT_MS, REGULAR_WAIT_MS] = [1000, 30_000, 60_000];
const AFTER_WRITE_MS = 300; // so that several changes are sent in one call

/**
 * The pause after failures in a row, in milliseconds: it doubles up to LONGEST_WAIT_MS, with jitter, and is never less
 * than the `seconds` that the server asks for.
 */
export function waitAfter(failures, seconds, random = Math.random) {
  const jittered = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + random() / 2);
  return seconds ? Math.max(seconds * 1000 * (1 + random() / 5), jittered) : jittered;
}

/** Synchronises a store repeatedly and calls its listeners when the state or the rows change. */
export class Background {
  /**
   * @param {Store} store
   * @param {Function} api calls as the student
   * @param {string} name of the store, for the lock and the messages between tabs
   */
  constructor(store, api, name) {
    Object.assign(this, { store, api, name, failures: 0, timer: null, blockedUntil: 0, running: null, ended: false });
    this.state = { ready: false, syncing: false, away: false, problem: null, pending: 0, answers: 0, since: null, rejections: [], lastSuccess: null, repairs: 0 };
    this.listeners = new Set();
    this.controller = new AbortController();
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = () => this.#read("rows").catch(() => {}); // the store is closed by a log-out in another tab
    this.online = () => {
      this.blockedUntil = 0;
      this.syncSoon(0);
    };
    addEventListener("online", this.online);
  }

  /** Read the state and begin to synchronise. */
  async start() {
    await this.#read(null);
    this.syncSoon(0);
  }

  /** Stop: abort the call that is under way and close the store. */
  stop() {
    this.ended = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.online);
    this.controller.abort();
    this.channel.close();
    this.store.close();
  }

  /**
   * Call a listener at each change with the state and `what`, which is "rows" if rows may have changed, else null.
   *
   * @returns {() => void} removes the listener
   */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Notify all tabs of a change that was written here, and send it soon. */
  async announceChange() {
    this.channel.postMessage("changed");
    await this.#read("rows");
    this.syncSoon();
  }

  /** Schedule a sync in `pause` milliseconds, but not before the time that the server has asked for. */
  syncSoon(pause = AFTER_WRITE_MS) {
    if (this.ended) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.syncNow().catch(() => {}), Math.max(pause, this.blockedUntil - Date.now()));
  }

  /** Synchronise now; resolves to whether it succeeded. Concurrent calls share one sync. */
  syncNow() {
    this.running ??= this.#run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async #run() {
    clearTimeout(this.timer);
    const outcome = await this.#underLock(async () => {
      this.#change({ syncing: true });
      try {
        return await synchronise(this.store, this.api, this.controller.signal);
      } catch (problem) {
        return { problem };
      }
    });
    if (this.ended) return false;
    if (outcome === null) {
      this.syncSoon(FIRST_WAIT_MS); // another tab is synchronising
      return false;
    }
    const { problem = null, stuck = false, seconds = null, repaired = [] } = outcome;
    const failed = problem !== null || stuck;
    this.failures = failed ? this.failures + 1 : 0;
    const away = problem !== null && isTemporary(problem);
    this.#change({ syncing: false, away, problem: away ? null : problem, repairs: this.state.repairs + repaired.length });
    const wait = failed ? waitAfter(this.failures - 1, problem?.seconds ?? seconds) : seconds * 1000 || REGULAR_WAIT_MS;
    if (failed && (problem?.seconds || stuck)) this.blockedUntil = Date.now() + wait;
    this.channel.postMessage("synced");
    await this.#read("rows");
    const hasNew = !failed && this.state.pending > 0; // a change that was written while the sync ended
    if (problem?.kind !== "credential") this.syncSoon(hasNew ? AFTER_WRITE_MS : wait);
    return !failed;
  }

  /** Run a function under the lock that all tabs share; null if another tab holds it. */
  #underLock(run) {
    if (!navigator.locks) return run();
    return navigator.locks.request(`${this.name} sync`, { ifAvailable: true }, (lock) => (lock ? run() : null));
  }

  async #read(what) {
    if (this.ended) return;
    const [queue, sync] = await this.store.read(async (tables) => [await tables.all(QUEUE), await tables.get(META, "sync")]);
    this.#change({ ready: true, ...summaryOf(queue), lastSuccess: sync?.lastSuccess ?? null }, what);
  }

  #change(changes, what = null) {
    this.state = { ...this.state, ...changes };
    for (const listener of this.listeners) listener(this.state, what);
  }
}
