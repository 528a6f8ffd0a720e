// One sync: it sends the queued changes in their order and stores the server's rows. docs/learning.md describes the
// protocol. The outcomes, rows and cursor of a response are stored in one transaction, so a call that is repeated
// after a crash or a lost response changes nothing.
import { Problem } from "../../shared/problems.js";
import { fetchContent } from "./content.js";
import { advanceClock, deviceOf, pendingOf, retryAll, settle, takeRow } from "./queue.js";
import { compare } from "./repair.js";
import { META, QUEUE } from "./store.js";

const PATH = "/api/learning/sync";
const SCHEMA_VERSION = 1;
const MAX_OPERATIONS = 200;
const MAX_BYTES = 240 * 1024; // size of the changes, so that the whole body stays below 256 KB
const UNREADABLE = [400, 422]; // statuses with which the API refuses a call as a whole
const TOO_LARGE = 413; // may come from the platform, before a call reaches the API
const FIELDS = ["id", "table_name", "row_id", "kind", "columns", "clock"];

const wire = (operation) => Object.fromEntries(FIELDS.map((name) => [name, operation[name]]));

/** The first operations that fit into one call, at most `limit`; at least one, unless `limit` is 0. */
export function fitting(operations, limit = MAX_OPERATIONS) {
  const encoder = new TextEncoder();
  const first = [];
  let size = 0;
  for (const operation of operations.slice(0, limit)) {
    size += encoder.encode(JSON.stringify(wire(operation))).length + 2;
    if (first.length && size > MAX_BYTES) break;
    first.push(operation);
  }
  return first;
}

async function prepare(store, limit) {
  return store.write(async (tables) => {
    const device = await deviceOf(tables);
    const { cursor = null } = (await tables.get(META, "sync")) ?? {};
    const queue = await tables.all(QUEUE);
    const pendingChanges = pendingOf(queue);
    const operations = fitting(pendingChanges, limit);
    const pending = pendingChanges.length - operations.length;
    const body = {
      device: { id: device.id, schema_version: SCHEMA_VERSION, syncs: device.syncs, pending, rejected: queue.length - pendingChanges.length },
      operations: operations.map(wire),
      cursor,
      digests: pending === 0,
    };
    return { body, operations };
  });
}

/** Store a response; return whether the server has asked to retry every change that was sent. */
async function storeReply(store, operations, reply) {
  if (!Array.isArray(reply.outcomes) || !Array.isArray(reply.rows)) throw new Problem("unreadable"); // not a response of the API
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  await store.write(async (tables) => {
    for (const outcome of reply.outcomes.filter(({ id }) => byId.has(id))) await settle(tables, byId.get(outcome.id), outcome);
    const state = (await tables.get(META, "sync")) ?? {};
    if ((state.version ?? reply.schema_version) !== reply.schema_version) await retryAll(tables);
    const pending = pendingOf(await tables.all(QUEUE));
    for (const row of reply.rows) await takeRow(tables, row, pending);
    const device = await deviceOf(tables);
    await tables.put(META, { ...state, cursor: reply.cursor, version: reply.schema_version }, "sync");
    await tables.put(META, reply.student_id, "student");
    await tables.put(META, { ...device, syncs: device.syncs + 1 }, "device");
    await advanceClock(tables, reply.clock);
  });
  return reply.outcomes.length > 0 && reply.outcomes.every(({ status }) => status === "retry");
}

/** Take a new id, since the server has a later state of this device: the store was restored or copied. */
async function becomeNew(store) {
  await store.write(async (tables) => {
    const device = await deviceOf(tables);
    await tables.put(META, { ...device, id: crypto.randomUUID(), former: [...device.former, device.id] }, "device");
  });
}

async function countPending(store) {
  return pendingOf(await store.read((tables) => tables.all(QUEUE))).length;
}

/** Drop the cursor, which the server cannot read any more, so that the next call fetches everything. */
async function forgetCursor(store) {
  await store.write(async (tables) => tables.put(META, { ...(await tables.get(META, "sync")), cursor: null }, "sync"));
}

/** Send the oldest changes, and store the response. */
async function exchange(store, api, limit, signal) {
  const { body, operations } = await prepare(store, limit);
  let reply;
  try {
    reply = await api("POST", PATH, { body, signal });
  } catch (problem) {
    return { body, operations, problem };
  }
  return { body, operations, reply, stuck: await storeReply(store, operations, reply) };
}

/** Whether a call was refused for its body: by the API, or by the platform for its size. */
const isUnreadable = ({ status, kind }) => status === TOO_LARGE || (UNREADABLE.includes(status) && kind === "refused");

/**
 * Resolve the reason why a call was refused, so that it can be repeated.
 *
 * If the API refuses a call as a whole, its changes are halved until the one at fault is alone. If a call without
 * changes then succeeds, that change is marked as rejected, so that the others can be sent.
 *
 * @returns {Promise<number>} how many changes to send next
 * @throws {Problem} if repeating does not help
 */
async function adapt(store, api, { body, operations, problem }, signal) {
  if (problem.code === "device_superseded") {
    await becomeNew(store);
    return MAX_OPERATIONS;
  }
  if (problem.code === "invalid_cursor" && body.cursor !== null) {
    await forgetCursor(store);
    return MAX_OPERATIONS;
  }
  if (!isUnreadable(problem) || !operations.length) throw problem;
  if (operations.length > 1) return Math.floor(operations.length / 2);
  const probe = await exchange(store, api, 0, signal);
  if (probe.problem) throw probe.problem;
  const outcome = { status: "rejected", code: problem.code, message: problem.message || null };
  await store.write((tables) => settle(tables, operations[0], outcome));
  return MAX_OPERATIONS;
}

/**
 * Send pending changes, store new rows, and compare the copies, in as many calls as necessary.
 *
 * @param {Store} store
 * @param {Function} api calls as the student
 * @returns {Promise<{seconds: number, stuck: boolean, repaired: string[]}>} seconds until the next sync;
 *   `stuck` if the server has asked to retry every change that was sent
 * @throws {Problem} if the server cannot be reached, or refuses; the queue is kept
 */
export async function synchronise(store, api, signal) {
  await fetchContent(store, api, signal);
  const repaired = [];
  let limit = MAX_OPERATIONS;
  for (;;) {
    const call = await exchange(store, api, limit, signal);
    if (call.problem) {
      limit = await adapt(store, api, call, signal);
      continue;
    }
    limit = MAX_OPERATIONS;
    const { body, reply, stuck } = call;
    if (stuck) return { seconds: reply.next_sync_seconds, stuck, repaired };
    if (reply.has_more || !body.digests || (await countPending(store))) continue;
    repaired.push(...(await compare(store, api, reply.digests, reply.schema_version === SCHEMA_VERSION, signal)));
    if (await countPending(store)) continue; // answers that the server had lost were queued again
    await store.write(async (tables) => tables.put(META, { ...(await tables.get(META, "sync")), lastSuccess: Date.now() }, "sync"));
    return { seconds: reply.next_sync_seconds, stuck, repaired };
  }
}
