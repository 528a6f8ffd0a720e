// Local changes: a row and the operation that carries it to the server are written in one transaction.
import { newest, nextReading, timeText } from "./clock.js";
import { META, QUEUE, ROWS, result } from "./store.js";

const UNKNOWN_QUESTION = "practice_question_not_found"; // code of a refusal that new content may lift
export const ATTEMPTS = "question_attempts";
export const PROFILES = "student_profiles";
const SENT_COLUMNS = ["question_id", "answer", "is_correct", "time_taken_seconds", "confidence", "timestamp"];
export const TABLES = [PROFILES, ATTEMPTS, "exam_marks", "plan_arms"]; // those that are synchronised
export const EDITABLE = ["grade", "target_exam", "exam_date", "available_hours_per_day"];

/** The device of this store; it is created at the first call. Needs a transaction that writes. */
export async function deviceOf(tables) {
  const existing = await tables.get(META, "device");
  if (existing) return existing;
  const device = { id: crypto.randomUUID(), syncs: 0, former: [] };
  await tables.put(META, device, "device");
  return device;
}

/** The next reading of this device's clock, in the transaction of the change that it stamps. */
async function nextClock(tables, now) {
  const { id } = await deviceOf(tables);
  const reading = nextReading(now, await tables.get(META, "clock"), id);
  await tables.put(META, reading, "clock");
  return reading;
}

/** Advance this device's clock to a reading from elsewhere, so that later readings are larger. */
export async function advanceClock(tables, reading) {
  await tables.put(META, newest(await tables.get(META, "clock"), reading), "clock");
}

async function enqueue(tables, { id = crypto.randomUUID(), table, rowId, kind, columns, now }) {
  const clock = await nextClock(tables, now);
  const operation = { id, table_name: table, row_id: rowId, kind, columns, clock, created_at: timeText(now), state: "pending", code: null, reason: null };
  await tables.put(QUEUE, operation);
  return operation;
}

/**
 * Store an answer, once; `isCorrect` is null as long as it cannot be graded here.
 *
 * @param {object} tables of a transaction that writes
 * @param {{id: string, question_id: string, answer: string, time_taken_seconds: number, confidence: number|null}} answer
 * @returns {Promise<boolean>} whether it is new
 */
export async function addAnswer(tables, { id, question_id, answer, time_taken_seconds, confidence }, isCorrect, now) {
  if (await tables.get(ROWS, [ATTEMPTS, id])) return false;
  const ungraded = { question_id, answer, time_taken_seconds, confidence, timestamp: timeText(now) };
  const columns = { ...ungraded, is_correct: isCorrect };
  await tables.put(ROWS, { table: ATTEMPTS, id, columns, clocks: {} });
  // The operation has the answer's id, so that the same answer is never queued twice.
  await enqueue(tables, { id, table: ATTEMPTS, rowId: id, kind: "create", columns: isCorrect === null ? ungraded : columns, now });
  return true;
}

/** Store changes of the profile. Columns that keep their value queue nothing. */
export async function changeProfile(tables, changes, now) {
  const [row] = await tables.rows(PROFILES);
  const columns = Object.fromEntries(Object.entries(changes).filter(([name, value]) => EDITABLE.includes(name) && value !== row.columns[name]));
  if (!Object.keys(columns).length) return;
  const { clock } = await enqueue(tables, { table: PROFILES, rowId: row.id, kind: "update", columns, now });
  const clocks = Object.fromEntries(Object.keys(columns).map((name) => [name, clock]));
  await tables.put(ROWS, { ...row, columns: { ...row.columns, ...columns }, clocks: { ...row.clocks, ...clocks } });
}

/** The changes that the server does not hold, in their order: pending and rejected ones. */
export async function listQueue(tables) {
  return tables.all(QUEUE);
}

/** Counts of the queue, the time of the oldest pending change, and the rejected changes, newest first. */
export function summaryOf(operations) {
  const pending = pendingOf(operations);
  const rejections = operations.filter(({ state }) => state === "rejected").reverse();
  return { pending: pending.length, answers: pending.filter(({ table_name: table }) => table === ATTEMPTS).length, since: pending[0]?.created_at ?? null, rejections };
}

/** Store the server's outcome of a change. The row of a rejected answer is removed, so that all copies stay equal. */
export async function settle(tables, operation, outcome) {
  if (outcome.status === "applied" || outcome.status === "duplicate") await tables.remove(QUEUE, operation.sequence);
  if (outcome.status !== "rejected") return;
  await tables.put(QUEUE, { ...operation, state: "rejected", code: outcome.code, reason: outcome.message });
  if (operation.table_name === ATTEMPTS) await tables.remove(ROWS, [ATTEMPTS, operation.row_id]);
}

/**
 * Queue a stored answer once more, since the server has lost it, for example when a backup was restored.
 *
 * The operation gets a new id: the server may remember the old one as applied.
 */
export async function sendAgain(tables, { id, columns }, now) {
  const values = Object.fromEntries(SENT_COLUMNS.filter((name) => (columns[name] ?? null) !== null).map((name) => [name, columns[name]]));
  await enqueue(tables, { table: ATTEMPTS, rowId: id, kind: "create", columns: values, now });
}

/** Make rejected changes pending again (all, or those with one code), and put their answers back into the rows. */
async function retryRejected(tables, code = null) {
  const rejected = (await tables.all(QUEUE)).filter((each) => each.state === "rejected" && (code === null || each.code === code));
  for (const operation of rejected) {
    await tables.put(QUEUE, { ...operation, state: "pending", code: null, reason: null });
    const { table_name: table, row_id: id, columns } = operation;
    if (table === ATTEMPTS) await tables.put(ROWS, { table, id, columns: { confidence: null, is_correct: null, ...columns }, clocks: {} });
  }
}

/** Queue answers again that were rejected because their question was unknown; for use after a change of the content. */
export function retryUnknownQuestions(tables) {
  return retryRejected(tables, UNKNOWN_QUESTION);
}

/** Queue all rejected changes again; for use after an update of the server, which may accept them. */
export function retryAll(tables) {
  return retryRejected(tables);
}

/** Delete a rejected change that the student has seen. */
export async function dismiss(tables, id) {
  const [operation] = (await tables.all(QUEUE)).filter((each) => each.id === id && each.state === "rejected");
  if (operation) await tables.remove(QUEUE, operation.sequence);
}

/** The changes that the server has not decided on. */
export const pendingOf = (operations) => operations.filter(({ state }) => state === "pending");

/**
 * Store a row as the server has it; columns with pending changes keep the values of this device.
 * Rows of tables that this version does not have are skipped; a later version fetches them.
 */
export async function takeRow(tables, row, pending) {
  const { table_name: table, row_id: id, is_deleted: isDeleted, columns, clocks } = row;
  if (!TABLES.includes(table)) return;
  if (isDeleted) {
    if (table !== PROFILES) await tables.remove(ROWS, [table, id]);
    return;
  }
  const pendingColumns = pending.filter((each) => each.table_name === table && each.row_id === id).flatMap((each) => Object.keys(each.columns));
  const own = pendingColumns.length ? await tables.get(ROWS, [table, id]) : undefined;
  const keptColumns = own ? pendingColumns.filter((name) => name in own.columns) : [];
  const values = Object.fromEntries(keptColumns.map((name) => [name, own.columns[name]]));
  const readings = Object.fromEntries(keptColumns.filter((name) => own.clocks[name]).map((name) => [name, own.clocks[name]]));
  await tables.put(ROWS, { table, id, columns: { ...columns, ...values }, clocks: { ...clocks, ...readings } });
}

/**
 * Queue a change from a file and apply it here: an answer that is not here yet, or the columns of the profile that this
 * device has not changed later. If nothing of a change is applied, it is not queued either.
 *
 * @returns {Promise<boolean>} whether it was queued
 */
export async function importOperation(tables, change, grade) {
  const key = [change.table_name, change.row_id];
  const row = await tables.get(ROWS, key);
  if (await result(tables.of(QUEUE).index("id").getKey(change.id))) return false;
  await advanceClock(tables, change.clock); // so that a change that is made here later wins against it
  const operation = { ...change, state: "pending", code: null, reason: null };
  if (change.table_name === ATTEMPTS) {
    if (row) return false;
    await tables.put(ROWS, { table: ATTEMPTS, id: change.row_id, columns: { confidence: null, ...change.columns, is_correct: grade(change.columns) }, clocks: {} });
  } else {
    const columns = Object.entries(change.columns).filter(([name]) => EDITABLE.includes(name) && change.clock > (row?.clocks[name] ?? ""));
    if (!row || !columns.length) return false;
    const clocks = Object.fromEntries(columns.map(([name]) => [name, change.clock]));
    await tables.put(ROWS, { ...row, columns: { ...row.columns, ...Object.fromEntries(columns) }, clocks: { ...row.clocks, ...clocks } });
  }
  await tables.put(QUEUE, operation);
  return true;
}
