// Times of the study page's store in a browser, and of SQLite compiled to WebAssembly, for browser_store.py.
import { foldAttempts } from "/learn/offline/mastery.js";
import { ATTEMPTS, addAnswer } from "/learn/offline/queue.js";
import { ROWS, openStore } from "/learn/offline/store.js";

const WRITES = 40;
const READS = 10;
const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

const answerOf = (number) => ({ id: crypto.randomUUID(), question_id: `question ${number % 50}`, answer: `option ${number % 4}`, time_taken_seconds: 20 + (number % 60), confidence: 1 + (number % 5) });
const rowOf = (number) => {
  const { id, ...columns } = answerOf(number);
  return { table: ATTEMPTS, id, columns: { ...columns, is_correct: number % 3 > 0, timestamp: new Date(1.7e12 + number * 60_000).toISOString() }, clocks: {} };
};
const questions = new Map(Array.from({ length: 50 }, (_, place) => [`question ${place}`, { id: `question ${place}`, concept_id: `concept ${place % 10}`, difficulty: "easy", expected_time_seconds: 30 }]));

async function measureTime(run) {
  const begin = performance.now();
  const value = await run();
  return [performance.now() - begin, value];
}

async function medianOf(count, run) {
  const times = [];
  for (let turn = 0; turn < count; turn += 1) times.push((await measureTime(() => run(turn)))[0]);
  return median(times);
}

const mastery = (rows) => foldAttempts(rows.map(({ id, columns }) => ({ id, ...columns })), questions).size;

/** Fill the page's store with answers; a new page then measures it. */
export async function fillIndexed(count) {
  const store = await openStore("benchmark");
  await store.write(async (tables) => {
    for (let number = 0; number < count; number += 1) tables.put(ROWS, rowOf(number));
  });
  store.close();
}

/**
 * Return milliseconds: to open the store, to read all answers and compute mastery for the first time, to write one
 * answer durably with its operation, and to read and compute again.
 */
export async function measureIndexed() {
  const [open, store] = await measureTime(() => openStore("benchmark"));
  const first = (await measureTime(async () => mastery(await store.read((tables) => tables.rows(ATTEMPTS)))))[0];
  const write = await medianOf(WRITES, (number) => store.write((tables) => addAnswer(tables, answerOf(number), true, Date.now())));
  const read = await medianOf(READS, async () => mastery(await store.read((tables) => tables.rows(ATTEMPTS))));
  return { open, first, write, read };
}

function connect() {
  const worker = new Worker("/sqlite/sqlite.js", { type: "module" });
  return (name, ...values) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data: { value, error } }) => (error ? reject(new Error(error)) : resolve(value));
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage([name, ...values]);
  });
}

/** Fill SQLite's database, a file of the browser's private file system. */
export async function fillSqlite(count) {
  const call = connect();
  await call("open");
  await call("fill", Array.from({ length: count }, (_, number) => rowOf(number)));
  await call("close");
}

/** Return the times of the same operations in SQLite. */
export async function measureSqlite() {
  const [open, call] = await measureTime(async () => {
    const callWorker = connect();
    await callWorker("open");
    return callWorker;
  });
  const first = (await measureTime(async () => mastery(await call("read"))))[0];
  const write = await medianOf(WRITES, (number) => call("write", rowOf(number)));
  const read = await medianOf(READS, async () => mastery(await call("read")));
  return { open, first, write, read };
}
