// CSV files as spreadsheets write them.

const DELIMITERS = [",", ";", "\t"];

/** The most frequent delimiter in the first line, outside of quotes. */
export function delimiterOf(text) {
  const first = text.replace(/"(?:[^"]|"")*"/g, "").split(/\r\n|\r|\n/, 1)[0];
  const counts = DELIMITERS.map((delimiter) => first.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))];
}

/**
 * The rows of a CSV file, whose cells are separated by commas, semicolons or tabs; quoted cells may have line breaks.
 *
 * @param {string} text
 * @returns {{line: number, cells: string[]}[]} `line` is the line on which the row begins, from 1;
 *   empty rows are left out
 */
export function parseCsv(text) {
  const source = text.replace(/^\uFEFF/, "");
  const delimiter = delimiterOf(source);
  const rows = [];
  let cells = [];
  let value = "";
  let quoted = false;
  let line = 1;
  let rowLine = 1;
  const endCell = () => {
    cells.push(value.trim());
    value = "";
  };
  const endRow = () => {
    endCell();
    if (cells.some((cell) => cell !== "")) rows.push({ line: rowLine, cells });
    cells = [];
  };
  for (let i = 0; i < source.length; i += 1) {
    const char = source[i];
    const isLineEnd = char === "\n" || (char === "\r" && source[i + 1] !== "\n");
    if (isLineEnd) line += 1;
    if (quoted) {
      if (char !== '"') value += char;
      else if (source[i + 1] === '"') value += source[(i += 1)];
      else quoted = false;
    } else if (char === '"' && value.trim() === "") {
      quoted = true;
      value = "";
    } else if (char === delimiter) {
      endCell();
    } else if (isLineEnd) {
      endRow();
      rowLine = line;
    } else if (char !== "\r") {
      value += char;
    }
  }
  if (value !== "" || cells.length) endRow();
  return rows;
}
