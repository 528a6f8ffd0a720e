// Runs the cases of test_offline_parity.py with the modules of the study page: reads JSON from a file, and writes JSON to stdout.
import { readFileSync } from "node:fs";
import { digestOf } from "../../public/learn/offline/digest.js";
import { comparable, isCorrect, numberOf } from "../../public/learn/offline/grade.js";
import { foldAttempts } from "../../public/learn/offline/mastery.js";

const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));
const histories = cases.histories.map(({ attempts, questions, calibration }) => {
  const byId = new Map(questions.map((question) => [question.id, question]));
  const masteries = foldAttempts(attempts, byId, calibration ?? undefined);
  return Object.fromEntries([...masteries].map(([id, { score, skill, attempts: answers, correct }]) => [id, [score, skill, answers, correct]]));
});
const groups = new Map();
for (const character of cases.characters.map((code) => String.fromCodePoint(code))) {
  const key = comparable(`x${character}x`);
  groups.set(key, [...(groups.get(key) ?? []), character.codePointAt(0)]);
}
console.log(JSON.stringify({
  histories,
  groups: [...groups.values()],
  blanks: cases.characters.filter((code) => comparable(String.fromCodePoint(code)) === ""),
  numbers: cases.numbers.map(numberOf),
  grades: cases.grades.map(([question, answer]) => isCorrect(question, answer)),
  digests: await Promise.all(cases.tables.map(digestOf)),
}));
