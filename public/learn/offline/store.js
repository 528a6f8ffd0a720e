// The copy of one student's rows in this browser: an IndexedDB database for each user.
// No code outside of this folder opens it.

const VERSION = 1;
const PREFIX = "stepwise.learn.";
export const ROWS = "rows"; // {table, id, columns, clocks}
export const QUEUE = "queue"; // changes that the server does not hold, in their order
export const CONTENT = "content"; // content files: {name, sha256, content}
export const META = "meta"; // values by name: device, clock, student, sync, content, overview, differences
const ALL = [ROWS, QUEUE, CONTENT, META];
const LIMIT_MS = 30_000;
const LIMIT_STEPS = 10; // parts of the limit; a sleep of the computer counts as one of them

/**
 * The error if this browser cannot store data: no IndexedDB, a private window that refuses, no response from IndexedDB,
 * or no room left.
 */
export class CannotKeep extends Error {
  /** @param {"unavailable"|"full"} reason */
  constructor(reason, cause) {
    super(reason, { cause });
    this.kind = "storage";
    this.reason = reason;
  }
}

const reasonOf = (error) => (error?.name === "QuotaExceededError" ? "full" : "unavailable");

/** The result of an IndexedDB request. */
export function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * A time limit for operations, since IndexedDB may never respond: in a damaged profile, or while another tab keeps the
 * database busy. It restarts for all operations at each call of `progress`, so that large writes may take longer.
 */
class TimeLimit {
  /** @param {number} limit milliseconds */
  constructor(limit) {
    Object.assign(this, { limit, waiting: new Set() });
  }

  progress() {
    for (const operation of this.waiting) operation.steps = 0;
  }

  /** The result of a promise. @throws {DOMException} TimeoutError after the limit without progress */
  async within(promise) {
    const operation = { steps: 0 };
    this.waiting.add(operation);
    const late = new Promise((_, reject) => {
      operation.timer = setInterval(() => {
        operation.steps += 1;
        if (operation.steps > LIMIT_STEPS) reject(new DOMException("IndexedDB does not respond", "TimeoutError"));
      }, this.limit / LIMIT_STEPS);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearInterval(operation.timer);
      this.waiting.delete(operation);
    }
  }
}

function create({ target: { result: db } }) {
  db.createObjectStore(ROWS, { keyPath: ["table", "id"] });
  db.createObjectStore(QUEUE, { keyPath: "sequence", autoIncrement: true }).createIndex("id", "id", { unique: true });
  db.createObjectStore(CONTENT, { keyPath: "name" });
  db.createObjectStore(META);
}

/** The name of a user's database. */
export function nameOf(userId) {
  return PREFIX + userId;
}

/**
 * Open the store of a user.
 *
 * @param {string} userId
 * @param {{factory: IDBFactory, limit: number}} options replaced in tests; `limit` in milliseconds without progress
 * @throws {CannotKeep} if this browser cannot store data
 */
export async function openStore(userId, { factory = globalThis.indexedDB, limit = LIMIT_MS } = {}) {
  const timeLimit = new TimeLimit(limit);
  let opening = null;
  try {
    const request = factory.open(nameOf(userId), VERSION);
    request.onupgradeneeded = create;
    opening = result(request);
    return new Store(await timeLimit.within(opening), timeLimit);
  } catch (error) {
    opening?.then((db) => db.close(), () => {}); // if it opens after the limit
    throw new CannotKeep(reasonOf(error), error);
  }
}

/** Remove the store of a user, waiting at most for the limit; the browser may remove it later than that. */
export function removeStore(userId, limit = LIMIT_MS) {
  return new TimeLimit(limit).within(result(indexedDB.deleteDatabase(nameOf(userId)))).catch(() => {});
}

/** The tables of a transaction as promises. A transaction ends as soon as none of its requests is pending. */
class Tables {
  constructor(transaction) {
    this.transaction = transaction;
  }

  of(name) {
    return this.transaction.objectStore(name);
  }

  get(name, key) {
    return result(this.of(name).get(key));
  }

  all(name, range) {
    return result(this.of(name).getAll(range));
  }

  put(name, value, key) {
    return result(key === undefined ? this.of(name).put(value) : this.of(name).put(value, key));
  }

  remove(name, key) {
    return result(this.of(name).delete(key));
  }

  /** The entries of ROWS that are rows of one of the server's tables. */
  rows(table) {
    return this.all(ROWS, IDBKeyRange.bound([table], [table, []]));
  }
}

/** The result of `run`, once its transaction is complete. */
async function runToEnd(transaction, run) {
  const complete = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error ?? new DOMException("Aborted", "AbortError"));
  });
  complete.catch(() => {});
  const value = await run(new Tables(transaction));
  await complete;
  return value;
}

/** Transactions over one user's tables. */
export class Store {
  constructor(db, timeLimit) {
    Object.assign(this, { db, timeLimit });
    db.onversionchange = () => db.close(); // a log-out in another tab removes the database
    // These events do not bubble, so they are captured on their way to the request or the transaction.
    for (const type of ["success", "complete"]) db.addEventListener(type, () => timeLimit.progress(), true);
  }

  read(run) {
    return this.#transact("readonly", {}, run);
  }

  /** Write in one transaction; it resolves once all of it is on the disk. */
  write(run) {
    return this.#transact("readwrite", { durability: "strict" }, run);
  }

  async #transact(mode, options, run) {
    let transaction = null;
    try {
      transaction = this.db.transaction(ALL, mode, options);
      return await this.timeLimit.within(runToEnd(transaction, run));
    } catch (error) {
      try {
        transaction?.abort();
      } catch {
        // The transaction has already ended with the error.
      }
      // Without room, requests fail with AbortError; `transaction.error` has the reason.
      throw error instanceof DOMException ? new CannotKeep(reasonOf(transaction?.error ?? error), error) : error;
    }
  }

  close() {
    this.db.close();
  }
}
