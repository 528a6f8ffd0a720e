// One sync: changes go in their order, and what the server has comes back. docs/learning.md describes the protocol.
// What a response brings is stored in one transaction: outcomes, rows and cursor. So a call that is
// repeated after a crash or a lost response changes nothing.
import { digestOf } from "./digest.js";
import { fetchContent } from "./content.js";
import { deviceOf, follow, settle, takeRow } from "./queue.js";
import { META, QUEUE, ROWS } from "./store.js";

const PATH = "/api/learning/sync";
const SCHEMA_VERSION = 1;
const MAX_OPERATIONS = 200;
const MAX_BYTES = 240 * 1024; // with the rest of the body it stays below 256 KB
const PAGE = 200;
const TABLES = ["student_profiles", "question_attempts", "exam_marks", "plan_arms"];
const SENT = ["id", "table_name", "row_id", "kind", "columns", "clock"];

const wire = (operation) => Object.fromEntries(SENT.map((name) => [name, operation[name]]));
const pendingOf = (operations) => operations.filter(({ state }) => state === "pending");

/** The first operations that fit into one call; at least one. */
export function fitting(operations) {
  const encoder = new TextEncoder();
  const chosen = [];
  let size = 0;
  for (const operation of operations.slice(0, MAX_OPERATIONS)) {
    size += encoder.encode(JSON.stringify(wire(operation))).length + 2;
    if (chosen.length && size > MAX_BYTES) break;
    chosen.push(operation);
  }
  return chosen;
}

async function prepare(store) {
  return store.write(async (tables) => {
    const device = await deviceOf(tables);
    const { cursor = null } = (await tables.get(META, "sync")) ?? {};
    const queue = await tables.all(QUEUE);
    const waiting = pendingOf(queue);
    const operations = fitting(waiting);
    const pending = waiting.length - operations.length;
    const body = {
      device: { id: device.id, schema_version: SCHEMA_VERSION, syncs: device.syncs, pending, rejected: queue.length - waiting.length },
      operations: operations.map(wire),
      cursor,
      digests: pending === 0,
    };
    return { body, operations };
  });
}

/** Store a response; return whether the server decided on no change. */
async function keep(store, operations, reply) {
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  await store.write(async (tables) => {
    for (const outcome of reply.outcomes) await settle(tables, byId.get(outcome.id), outcome);
    const pending = pendingOf(await tables.all(QUEUE));
    for (const row of reply.rows) await takeRow(tables, row, pending);
    const device = await deviceOf(tables);
    const state = (await tables.get(META, "sync")) ?? {};
    await tables.put(META, { ...state, cursor: reply.cursor }, "sync");
    await tables.put(META, reply.student_id, "student");
    await tables.put(META, { ...device, syncs: device.syncs + 1 }, "device");
    await follow(tables, reply.clock);
  });
  return reply.outcomes.length > 0 && reply.outcomes.every(({ status }) => status === "retry");
}

/** Take a new id, since the server knows a later state of this device: the store is a restored or copied one. */
async function becomeNew(store) {
  await store.write(async (tables) => {
    const device = await deviceOf(tables);
    await tables.put(META, { ...device, id: crypto.randomUUID(), former: [...device.former, device.id] }, "device");
  });
}

async function serverRows(api, table, signal) {
  const rows = [];
  let cursor = null;
  do {
    const page = await api("GET", `${PATH}/rows`, { query: { table, limit: PAGE, cursor }, signal });
    rows.push(...page.rows);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}

/** Store the server's rows of a table, and remove those that it does not have; rows with waiting changes stay. */
async function repair(store, api, table, signal) {
  const rows = await serverRows(api, table, signal);
  const there = new Set(rows.map(({ row_id: id }) => id));
  await store.write(async (tables) => {
    const waiting = new Set(pendingOf(await tables.all(QUEUE)).map((operation) => operation.row_id));
    for (const { id } of await tables.rows(table)) if (!there.has(id) && !waiting.has(id)) await tables.remove(ROWS, [table, id]);
    for (const row of rows) if (!waiting.has(row.row_id)) await takeRow(tables, row, []);
  });
}

/** The tables that differ from the server's, but for those with waiting changes. */
export async function differing(store, digests) {
  const [rows, queue] = await store.read(async (tables) => [await Promise.all(TABLES.map((table) => tables.rows(table))), await tables.all(QUEUE)]);
  const waiting = new Set(pendingOf(queue).map((operation) => operation.table_name));
  const own = await Promise.all(rows.map(digestOf));
  return TABLES.filter((table, place) => {
    const sent = digests[table];
    return sent && !waiting.has(table) && (own[place].count !== sent.count || own[place].sha256 !== sent.sha256);
  });
}

/**
 * Send what waits, take what is new, and compare the copies, in as many calls as it takes.
 *
 * @param {Store} store
 * @param {Function} api calls as the student
 * @returns {Promise<{seconds: number, stuck: boolean, repaired: string[]}>} seconds until the next sync;
 *   `stuck` if the server has decided on nothing
 * @throws {Problem} if the server cannot be reached, or refuses; the queue is kept
 */
export async function synchronise(store, api, signal) {
  await fetchContent(store, api, signal);
  for (;;) {
    const { body, operations } = await prepare(store);
    let reply;
    try {
      reply = await api("POST", PATH, { body, signal });
    } catch (problem) {
      if (problem.code !== "device_superseded") throw problem;
      await becomeNew(store);
      continue;
    }
    const stuck = await keep(store, operations, reply);
    if (stuck) return { seconds: reply.next_sync_seconds, stuck, repaired: [] };
    const queue = await store.read((tables) => tables.all(QUEUE));
    if (reply.has_more || pendingOf(queue).length || !body.digests) continue;
    const repaired = await differing(store, reply.digests);
    for (const table of repaired) await repair(store, api, table, signal);
    await store.write(async (tables) => tables.put(META, { ...(await tables.get(META, "sync")), lastSuccess: Date.now() }, "sync"));
    return { seconds: reply.next_sync_seconds, stuck, repaired };
  }
}
