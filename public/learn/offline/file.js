// The queue as a file, in the format of `make device EXPORT=` and `IMPORT=`: a JSON object on each line.
// The first line states whose changes these are, and the SHA-256 of all lines after it.
import { isReading, timeText } from "./clock.js";
import { sha256 } from "./digest.js";
import { ATTEMPTS, PROFILES, deviceOf, importOperation, listQueue } from "./queue.js";
import { META } from "./store.js";

const [FORMAT, VERSION] = ["stepwise queue", 1];
const FIELDS = ["id", "table_name", "row_id", "kind", "columns", "clock", "created_at"];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KINDS = { [ATTEMPTS]: "create", [PROFILES]: "update" };
const MAX_LINE_LENGTH = 100_000; // of a change, in characters; the server accepts less
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const isText = (value) => typeof value === "string";
const isTime = (value) => isText(value) && TIME.test(value) && Number.isFinite(Date.parse(value));
const isNonNegative = (value) => Number.isFinite(value) && value >= 0;
const orNull = (check) => (value) => (value ?? null) === null || check(value);
const COLUMNS = {
  [ATTEMPTS]: {
    question_id: (value) => isText(value) && UUID.test(value),
    answer: isText,
    timestamp: isTime,
    time_taken_seconds: isNonNegative,
    confidence: orNull(Number.isInteger),
    is_correct: orNull((value) => typeof value === "boolean"),
  },
  [PROFILES]: { grade: Number.isInteger, target_exam: isText, exam_date: orNull(isTime), available_hours_per_day: isNonNegative },
};

/** A file that cannot be imported; `kind` is "format", "version", "damaged", "early" or "student". */
export class FileRefused extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** The text of a file with all changes that the server does not hold. */
export async function exportText(store, username, now) {
  const [device, student, queue] = await store.write(async (tables) => [await deviceOf(tables), await tables.get(META, "student"), await listQueue(tables)]);
  const lines = queue.map((each) => `${JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, each[name]])))}\n`).join("");
  const header = {
    format: FORMAT,
    version: VERSION,
    device_id: device.id,
    username,
    student_id: student ?? "",
    exported_at: timeText(now),
    count: queue.length,
    sha256: await sha256(new TextEncoder().encode(lines)),
  };
  return `${JSON.stringify(header)}\n${lines}`;
}

/** Whether a change has the columns of its table, with values that this page can show; an attempt may have other columns, too. */
function fits(table, columns) {
  const checks = COLUMNS[table];
  const names = Object.keys(table === PROFILES ? columns : checks);
  return names.every((name) => Object.hasOwn(checks, name) && checks[name](columns[name]));
}

/** The change in a line. @throws {FileRefused} if the line is not a valid change */
export function changeOf(line) {
  let operation;
  try {
    operation = JSON.parse(line);
  } catch {
    throw new FileRefused("format");
  }
  const ids = [operation?.id, operation?.row_id];
  const complete = ids.every((id) => isText(id) && UUID.test(id)) && isReading(operation.clock) && isTime(operation.created_at)
    && Object.hasOwn(KINDS, operation.table_name) && KINDS[operation.table_name] === operation.kind && operation.columns !== null && typeof operation.columns === "object";
  if (!complete || line.length > MAX_LINE_LENGTH || !fits(operation.table_name, operation.columns)) throw new FileRefused("format");
  return Object.fromEntries(FIELDS.map((name) => [name, operation[name]]));
}

/**
 * Queue the changes of a file; importing it again changes nothing.
 *
 * @param {Store} store
 * @param {string} text
 * @param {(columns: object) => boolean|null} grade whether an answer is right, null if its question is not here
 * @returns {Promise<{added: number, duplicates: number}>} numbers of changes
 * @throws {FileRefused} if it is not such a file, is damaged or another student's, or if this copy was never synchronised
 */
export async function importText(store, text, grade) {
  const end = text.indexOf("\n") + 1;
  const lines = text.slice(end);
  let header;
  try {
    header = JSON.parse(text.slice(0, end));
  } catch {
    throw new FileRefused("format");
  }
  if (header?.format !== FORMAT) throw new FileRefused("format");
  if (header.version !== VERSION) throw new FileRefused("version");
  if ((await sha256(new TextEncoder().encode(lines))) !== header.sha256) throw new FileRefused("damaged");
  const operations = lines.split("\n").filter(Boolean).map(changeOf);
  return store.write(async (tables) => {
    const student = await tables.get(META, "student");
    if (!student) throw new FileRefused("early");
    if (header.student_id !== student) throw new FileRefused("student");
    let added = 0;
    for (const operation of operations) added += (await importOperation(tables, operation, grade)) ? 1 : 0;
    return { added, duplicates: operations.length - added };
  });
}
