// Comparison of this copy's rows with the server's, and repair of the tables that differ.
import { digestOf } from "./digest.js";
import { ATTEMPTS, TABLES, pendingOf, sendAgain, takeRow } from "./queue.js";
import { META, QUEUE, ROWS } from "./store.js";

const PATH = "/api/learning/sync/rows";
const PAGE_SIZE = 200; // rows
const DIFFERENCES = "differences"; // key in META: by table, the two digests at its last repair

/**
 * The tables that differ from the server's, except those with pending changes.
 *
 * @param {Store} store
 * @param {Object<string, {count: number, sha256: string}>} digests of the server, by table
 * @param {boolean} byHash whether to compare hashes, too; false if the server's tables have other columns
 * @returns {Promise<Map<string, string>>} by table: the two digests as a text
 */
export async function differingTables(store, digests, byHash = true) {
  const [rows, queue] = await store.read(async (tables) => [await Promise.all(TABLES.map((table) => tables.rows(table))), await tables.all(QUEUE)]);
  const pendingTables = new Set(pendingOf(queue).map((operation) => operation.table_name));
  const own = await Promise.all(rows.map(digestOf));
  const differences = new Map();
  for (const [place, table] of TABLES.entries()) {
    const [here, there] = [own[place], digests[table]];
    const differs = there && (here.count !== there.count || (byHash && here.sha256 !== there.sha256));
    if (differs && !pendingTables.has(table)) differences.set(table, [here, there].map(({ count, sha256 }) => `${count} ${sha256}`).join(" "));
  }
  return differences;
}

async function serverRows(api, table, signal) {
  const rows = [];
  let cursor = null;
  do {
    const page = await api("GET", PATH, { query: { table, limit: PAGE_SIZE, cursor }, signal });
    rows.push(...page.rows);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}

/**
 * Store the server's rows of a table; rows with pending changes stay as they are.
 *
 * An answer that the server lacks is sent again: the server never deletes answers, so it must have lost this one.
 * Other rows that it lacks, and answers that it has rejected, are removed.
 */
async function repair(store, api, table, signal) {
  const rows = await serverRows(api, table, signal);
  const serverIds = new Set(rows.map(({ row_id: id }) => id));
  await store.write(async (tables) => {
    const queue = await tables.all(QUEUE);
    const pendingIds = new Set(pendingOf(queue).map((operation) => operation.row_id));
    const rejectedIds = new Set(queue.filter(({ state }) => state === "rejected").map((operation) => operation.row_id));
    for (const row of await tables.rows(table)) {
      if (serverIds.has(row.id) || pendingIds.has(row.id)) continue;
      if (table === ATTEMPTS && !rejectedIds.has(row.id)) await sendAgain(tables, row, Date.now());
      else await tables.remove(ROWS, [table, row.id]);
    }
    for (const row of rows) if (!pendingIds.has(row.row_id)) await takeRow(tables, row, []);
  });
}

/**
 * Repair the tables that differ. A table that still differs after its repair is not fetched again until one of the
 * two digests changes.
 *
 * @returns {Promise<string[]>} the repaired tables
 */
export async function compare(store, api, digests, byHash, signal) {
  const earlier = (await store.read((tables) => tables.get(META, DIFFERENCES))) ?? {};
  const before = await differingTables(store, digests, byHash);
  const repaired = [...before.keys()].filter((table) => before.get(table) !== earlier[table]);
  for (const table of repaired) await repair(store, api, table, signal);
  const after = repaired.length ? await differingTables(store, digests, byHash) : before;
  await store.write((tables) => tables.put(META, Object.fromEntries([...before, ...after]), DIFFERENCES));
  return repaired;
}
