// CSV that spreadsheets open without running anything: RFC 4180, with an apostrophe before formulas.

const FORMULA = /^[=+\-@\t\r\n\0\uFF1D\uFF0B\uFF0D\uFF20]/;
const NUMERIC = /^-?\d+(\.\d+)?$/;

function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const harmless = FORMULA.test(text) && !NUMERIC.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) || harmless !== text ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Rows as CSV text with a byte order mark, so that spreadsheets read UTF-8. */
export function toCsv(rows) {
  return `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Offer a text as a file. */
export function download(name, text, type = "text/csv;charset=utf-8") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
