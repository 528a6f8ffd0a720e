// Question files: JSON as the upload takes it, or CSV with one question on each line.
import { parseCsv } from "../shared/csv_file.js";
import { FILE } from "./texts.js";

const COLUMNS = {
  id: "id",
  question_id: "id",
  content: "content",
  question: "content",
  text: "content",
  correct_answer: "answer",
  answer: "answer",
  correct: "answer",
  concepts: "concepts",
  concept: "concepts",
  topic: "concepts",
  difficulty: "difficulty",
  discrimination: "discrimination",
  guessing: "guessing",
};
const OPTION = /^(?:option|choice|answer)?[ _-]?([a-z]|\d{1,2})$/;
const NUMBERS = ["difficulty", "discrimination", "guessing"];

/**
 * Read a question file.
 *
 * @param {string} name of the file; `.csv` and `.tsv` are CSV, any other is recognized by its first character
 * @param {string} text
 * @param {string[]|null} poolConcepts names of the pool's concepts; null for a new pool
 * @returns {{items: {line: number, question: object}[], problems: {line: number, problem: string}[],
 *   fields: object, ignored: string[]}} `fields` are the pool's settings in the file
 */
export function readFile(name, text, poolConcepts) {
  const isCsv = /\.(csv|tsv)$/i.test(name) || !/^\s*[[{]/.test(text);
  return isCsv ? fromCsv(text, poolConcepts) : fromJson(text);
}

/** The lines on which the objects of a JSON array begin; the array is the root or a member of the root. */
export function linesOfItems(text) {
  const lines = [];
  let line = 1;
  let depth = 0;
  let quoted = false;
  const itemDepth = /^\s*\[/.test(text) ? 2 : 3;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (char === "\n") line += 1;
    if (quoted) {
      if (char === "\\") i += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') {
      quoted = true;
    } else if (char === "{" || char === "[") {
      depth += 1;
      if (depth === itemDepth && char === "{") lines.push(line);
    } else if (char === "}" || char === "]") {
      depth -= 1;
    }
  }
  return lines;
}

const TOKEN = /\s*(?:([[\]{},:])|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*|true|false|null))/y;

/** The line of the first character at which a text stops being JSON; browsers do not report it. */
export function lineOfError(text) {
  const open = [];
  let expected = "value";
  let place = 0;
  const lineAt = (index) => text.slice(0, index).split("\n").length;
  for (;;) {
    TOKEN.lastIndex = place;
    const token = TOKEN.exec(text);
    if (!token) return lineAt(place + /^\s*/.exec(text.slice(place))[0].length);
    const [whole, char, string] = token;
    const start = place + whole.length - whole.trimStart().length;
    place = TOKEN.lastIndex;
    const closes = char !== undefined && char === open.at(-1);
    if (expected.startsWith("value") && (char === "{" || char === "[")) {
      open.push(char === "{" ? "}" : "]");
      expected = char === "{" ? "key or end" : "value or end";
    } else if (expected.startsWith("value") && char === undefined) {
      expected = "next";
    } else if (expected.startsWith("key") && string !== undefined) {
      expected = "colon";
    } else if (expected === "colon" && char === ":") {
      expected = "value";
    } else if (expected === "next" && char === "," && open.length) {
      expected = open.at(-1) === "}" ? "key" : "value";
    } else if (closes && (expected === "next" || expected.endsWith("or end"))) {
      open.pop();
      expected = "next";
    } else {
      return lineAt(start);
    }
  }
}

function fromJson(raw) {
  const text = raw.replace(/^\uFEFF/, "");
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    return { items: [], problems: [{ line: lineOfError(text), problem: FILE.noJson }], fields: {}, ignored: [] };
  }
  const { questions = content, ...fields } = Array.isArray(content) ? { questions: content } : (content ?? {});
  if (!Array.isArray(questions)) return { items: [], problems: [{ line: 1, problem: FILE.noQuestions }], fields: {}, ignored: [] };
  const lines = linesOfItems(text);
  return { items: questions.map((question, place) => ({ line: lines[place] ?? 1, question })), problems: [], fields, ignored: [] };
}

function fromCsv(text, poolConcepts) {
  const [head, ...rows] = parseCsv(text);
  if (!head) return { items: [], problems: [{ line: 1, problem: FILE.empty }], fields: {}, ignored: [] };
  const names = head.cells.map((cell) => cell.toLowerCase().replaceAll(" ", "_"));
  const columns = names.map((name) => COLUMNS[name] ?? (OPTION.test(name) ? "option" : null));
  const missingColumns = ["content", "answer", "option"].filter((column) => !columns.includes(column));
  if (missingColumns.length) return { items: [], problems: [{ line: head.line, problem: FILE.missing(missingColumns) }], fields: {}, ignored: [] };
  const concepts = [...(poolConcepts ?? [])];
  const problems = [];
  const items = [];
  for (const { line, cells } of rows) {
    const parsed = questionOf(columns, cells, concepts, poolConcepts !== null);
    if (parsed.problem) problems.push({ line, problem: parsed.problem });
    else items.push({ line, question: parsed.question });
  }
  const width = Math.max(1, concepts.length);
  for (const { question } of items) question.concepts = Array.from({ length: width }, (_, place) => question.concepts.get(place) ?? 0);
  const ignored = head.cells.filter((cell, place) => columns[place] === null && cell !== "");
  return { items, problems, fields: poolConcepts === null && concepts.length ? { concept_names: concepts } : {}, ignored };
}

function questionOf(columns, cells, concepts, fixed) {
  const cellOf = (column) => cells[columns.indexOf(column)] ?? "";
  const options = columns.flatMap((column, place) => (column === "option" && cells[place] ? [cells[place]] : []));
  const answer = rightOption(cellOf("answer"), options);
  if (answer === null) return { problem: FILE.noAnswer(cellOf("answer")) };
  const question = { id: cellOf("id") || idOf(cellOf("content"), options), content: cellOf("content"), options, correct_answer: answer };
  for (const column of NUMBERS) {
    const text = cellOf(column);
    if (text === "") continue;
    const value = Number(text.replace(",", "."));
    if (Number.isNaN(value)) return { problem: FILE.noNumber(column, text) };
    question[column] = value;
  }
  question.concepts = new Map();
  const parts = cellOf("concepts").split(/[;|]/).map((part) => part.trim()).filter(Boolean);
  if (!parts.length && concepts.length <= 1) question.concepts.set(0, 1);
  else if (!parts.length) return { problem: FILE.noConcept };
  for (const part of parts) {
    const [, name, weight] = /^(.*?)(?:[:=]\s*([\d.,]+))?$/.exec(part);
    let place = concepts.findIndex((concept) => concept.toLowerCase() === name.trim().toLowerCase());
    if (place < 0 && fixed) return { problem: FILE.unknownConcept(name.trim(), concepts) };
    if (place < 0) place = concepts.push(name.trim()) - 1;
    question.concepts.set(place, weight === undefined ? 1 : Number(weight.replace(",", ".")));
  }
  return { question };
}

/** An id for a question without one, the same whenever the same text is read (FNV-1a, two lanes of 32 bits). */
export function idOf(content, options) {
  const text = [content, ...options].join("\n");
  let [low, high] = [0x811c9dc5, 0xcbf29ce4];
  for (let i = 0; i < text.length; i += 1) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(i) ^ (low >>> 16), 0x01000193);
  }
  return `q-${[low, high].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("")}`;
}

/** The option that an answer names: by its text, or by its letter or number from 1; null if none. */
export function rightOption(answer, options) {
  if (options.includes(answer)) return answer;
  const alike = options.filter((option) => option.toLowerCase() === answer.toLowerCase());
  if (alike.length === 1) return alike[0];
  const place = /^[a-z]$/i.test(answer) ? answer.toLowerCase().charCodeAt(0) - 97 : Number(answer) - 1;
  return options[place] ?? null;
}
