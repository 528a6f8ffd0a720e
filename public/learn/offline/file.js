// The queue as a file, in the format of `make device EXPORT=` and `IMPORT=`: a JSON object on each line,
// of which the first says whose changes these are and has the SHA-256 of all lines after it.
import { timeText } from "./clock.js";
import { sha256 } from "./digest.js";
import { EDITABLE, ATTEMPTS, PROFILES, deviceOf, importOperation, listQueue } from "./queue.js";
import { META } from "./store.js";

const [FORMAT, VERSION] = ["stepwise queue", 1];
const FIELDS = ["id", "table_name", "row_id", "kind", "columns", "clock", "created_at"];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KINDS = { [ATTEMPTS]: "create", [PROFILES]: "update" };
const isText = (value) => typeof value === "string";

/** A file that cannot be taken; `kind` is "format", "version", "damaged", "early" or "student". */
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

function checked(sent) {
  const texts = [sent.id, sent.row_id, sent.clock, sent.created_at];
  const { columns } = sent;
  const complete = texts.every(isText) && UUID.test(sent.id) && KINDS[sent.table_name] === sent.kind && columns !== null && typeof columns === "object";
  const fits = complete && (sent.table_name === PROFILES ? Object.keys(columns).every((name) => EDITABLE.includes(name)) : ["question_id", "answer", "timestamp"].every((name) => isText(columns[name])));
  if (!fits) throw new FileRefused("format");
  return Object.fromEntries(FIELDS.map((name) => [name, sent[name]]));
}

/**
 * Queue the changes of a file; taking it again changes nothing.
 *
 * @param {Store} store
 * @param {string} text
 * @param {(columns: object) => boolean|null} grade
 * @returns {Promise<{taken: number, known: number}>}
 * @throws {FileRefused} if it is something else, damaged, or another student's
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
  const operations = lines.split("\n").filter(Boolean).map((line) => checked(JSON.parse(line)));
  return store.write(async (tables) => {
    const student = await tables.get(META, "student");
    if (!student) throw new FileRefused("early");
    if (header.student_id !== student) throw new FileRefused("student");
    let taken = 0;
    for (const operation of operations) taken += (await importOperation(tables, operation, grade)) ? 1 : 0;
    return { taken, known: operations.length - taken };
  });
}
