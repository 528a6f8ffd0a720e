// Digests by which this copy and the server's are compared, as in lib/learning/changes/rows.py.

const MODULUS = 1n << 256n;
const FRACTIONS = new Set(["time_taken_seconds", "available_hours_per_day", "mark"]); // columns that Python holds as float

/** The hexadecimal SHA-256 of bytes. */
export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A number as Python writes a float: "2.0", "1e-05", "1e+16". */
export function floatText(value) {
  const [mantissa, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  if (Number.isInteger(value)) return `${BigInt(value)}.0`;
  const digits = mantissa.replace(/[-.]/g, "");
  if (power >= 0) return String(value);
  return `${value < 0 ? "-" : ""}0.${"0".repeat(-power - 1)}${digits}`;
}

function valueText(name, value) {
  if (typeof value === "number" && FRACTIONS.has(name)) return floatText(value);
  const escape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replaceAll(/[^ -~]/g, escape);
}

/** The text that is hashed for a row. */
export function rowText(id, columns) {
  const parts = Object.keys(columns).sort().map((name) => `${JSON.stringify(name)}:${valueText(name, columns[name])}`);
  return `["${id}",{${parts.join(",")}}]`;
}

/**
 * The digest of a table.
 *
 * @param {{id: string, columns: object}[]} rows
 * @returns {Promise<{count: number, sha256: string}>}
 */
export async function digestOf(rows) {
  const encoder = new TextEncoder();
  const hashes = await Promise.all(rows.map(({ id, columns }) => sha256(encoder.encode(rowText(id, columns)))));
  const total = hashes.reduce((sum, hash) => (sum + BigInt(`0x${hash}`)) % MODULUS, 0n);
  return { count: rows.length, sha256: total.toString(16).padStart(64, "0") };
}
