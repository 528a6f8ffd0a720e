// Grading as lib/learning/syllabus/grading.py does it: the same answers are right.

const TOLERANCE = 0.01 + 1e-9; // the second term allows for the binary representation of decimal numbers
const BLANKS = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+"; // those that Python's str.strip removes
const OUTER = new RegExp(`^${BLANKS}|${BLANKS}$`, "g");
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const DIGIT = /\p{Nd}/u;

const stripped = (text) => text.replaceAll(OUTER, "");

/** A character in the form in which texts are compared without case; characters fold one by one. */
function folded(character) {
  if (character === "\u0131") return character; // dotless i is a letter of its own
  return character.toUpperCase().toLowerCase().toUpperCase().toLowerCase(); // ẞ becomes ß first, and ss only then
}

/** A text in the form in which answers are compared: without case and without leading and trailing whitespace. */
export function comparable(text) {
  return [...stripped(text)].map(folded).join("");
}

/** The value of a decimal digit of any script; the ten digits of a script have consecutive code points. */
function digitValue(character) {
  let first = character.codePointAt(0);
  const code = first;
  while (DIGIT.test(String.fromCodePoint(first - 1))) first -= 1;
  return (code - first) % 10;
}

/** The finite number that a text holds, or null if it holds none. A decimal comma is accepted. */
export function numberOf(text) {
  let compact = stripped(text).replaceAll("\u2212", "-");
  if (compact.includes(",") && !compact.includes(".")) compact = compact.replaceAll(",", ".");
  compact = compact.replaceAll(/\p{Nd}/gu, (digit) => String(digitValue(digit)));
  const number = NUMBER.test(compact) ? Number(compact) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

/** Whether an answer to a question of the content files is right. */
export function isCorrect(question, answer) {
  if (question.question_type === "numerical") {
    const [expected, value] = [numberOf(question.correct_answer), numberOf(answer)];
    if (expected !== null && value !== null) return Math.abs(expected - value) <= TOLERANCE;
  }
  return comparable(answer) === comparable(question.correct_answer);
}
