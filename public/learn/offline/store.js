// The copy of one student's rows in this browser: an IndexedDB database for each user.
// No code outside of this folder opens it.

const VERSION = 1;
const PREFIX = "stepwise.learn.";
export const ROWS = "rows"; // {table, id, columns, clocks}
export const QUEUE = "queue"; // changes that the server does not hold, in their order
export const CONTENT = "content"; // content files: {name, sha256, content}
export const META = "meta"; // values by name: device, clock, student, sync, content, overview, differences
const ALL = [ROWS, QUEUE, CONTENT, META];

/** The error if this browser cannot store data: no IndexedDB, a private window that refuses, or no room left. */
export class CannotKeep extends Error {
  /** @param {"unavailable"|"full"} reason */
  constructor(reason, cause) {
    super(reason, { cause });
    this.kind = "storage";
    this.reason = reason;
  }
}

const reasonOf = (error) => (error?.name === "QuotaExceededError" ? "full" : "unavailable");

/** The result of a request of IndexedDB. */
export function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
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
 * @param {IDBFactory} factory replaced in tests
 * @throws {CannotKeep} if this browser cannot store data
 */
export async function openStore(userId, factory = globalThis.indexedDB) {
  let db;
  try {
    const request = factory.open(nameOf(userId), VERSION);
    request.onupgradeneeded = create;
    db = await result(request);
  } catch (error) {
    throw new CannotKeep(reasonOf(error), error);
  }
  db.onversionchange = () => db.close(); // a log-out in another tab removes the database
  return new Store(db);
}

/** Remove the store of a user. */
export function removeStore(userId) {
  return result(indexedDB.deleteDatabase(nameOf(userId))).catch(() => {});
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

  /** The rows of a table. */
  rows(table) {
    return this.all(ROWS, IDBKeyRange.bound([table], [table, []]));
  }
}

/** Transactions over one user's tables. */
export class Store {
  constructor(db) {
    this.db = db;
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
      const complete = new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error ?? new DOMException("Aborted", "AbortError"));
      });
      complete.catch(() => {});
      let value;
      try {
        value = await run(new Tables(transaction));
      } catch (error) {
        try {
          transaction.abort();
        } catch {
          // The transaction has already ended with the error.
        }
        throw error;
      }
      await complete;
      return value;
    } catch (error) {
      // Without room, requests fail with AbortError; `transaction.error` has the reason.
      throw error instanceof DOMException ? new CannotKeep(reasonOf(transaction?.error ?? error), error) : error;
    }
  }

  close() {
    this.db.close();
  }
}
