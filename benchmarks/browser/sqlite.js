// A worker with SQLite compiled to WebAssembly; its pool of synchronous files needs no special headers.
import sqlite3InitModule from "./index.mjs";

let db;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS rows (table_name TEXT, id TEXT, columns TEXT, PRIMARY KEY (table_name, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS queue (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, content TEXT);`;

const put = ({ table, id, columns }) => db.exec({ sql: "INSERT INTO rows VALUES (?, ?, ?)", bind: [table, id, JSON.stringify(columns)] });

const calls = {
  async open() {
    const sqlite3 = await sqlite3InitModule();
    const pool = await sqlite3.installOpfsSAHPoolVfs({});
    db = new pool.OpfsSAHPoolDb("/student.db");
    db.exec("PRAGMA synchronous = FULL");
    db.exec(SCHEMA);
  },
  fill: (rows) => db.transaction(() => rows.forEach(put)),
  write: (row) => db.transaction(() => {
    put(row);
    db.exec({ sql: "INSERT INTO queue (id, content) VALUES (?, ?)", bind: [row.id, JSON.stringify(row.columns)] });
  }),
  read: () => db.selectArrays("SELECT id, columns FROM rows").map(([id, columns]) => ({ id, columns: JSON.parse(columns) })),
  close: () => db.close(),
};

self.onmessage = async ({ data: [name, ...values] }) => {
  try {
    const value = await calls[name](...values);
    self.postMessage({ value: name === "read" ? value : null });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
