import assert from "node:assert/strict";
import test from "node:test";
import { delimiterOf, parseCsv } from "../../public/shared/csv_file.js";
import { idOf, lineOfError, linesOfItems, readFile, rightOption } from "../../public/questions/file.js";
import { checkItems } from "../../public/questions/import.js";
import { batches, conceptRows, flagsOf, preciseRange, refusedItems, matchingQuestions, studentsIn, withoutRepeats } from "../../public/questions/model.js";
import { editOf } from "../../public/questions/question.js";
import { Problem } from "../../public/shared/problems.js";

const CSV = `id;question;option_a;option_b;option_c;answer;concepts;difficulty
q1;"What is
2 + 2?";3;4;5;4;Sums;0,3
q2;Which is even?;one;Two;three;two;Sums|Names:0.5;
q3;Which is first?;A thing;B thing;;a;Names;0.4
q4;No answer;x;y;z;w;Sums;
`;

test("CSV has any of three delimiters, quotes and line breaks within them", () => {
  assert.equal(delimiterOf('"a,b";c;d\n'), ";");
  assert.equal(delimiterOf("a\tb\tc"), "\t");
  const rows = parseCsv('\uFEFFa,"b ""c"""\r\n\r\n"x\ny",z\n');
  assert.deepEqual(rows, [
    { line: 1, cells: ["a", 'b "c"'] },
    { line: 3, cells: ["x\ny", "z"] },
  ]);
  assert.deepEqual(parseCsv("a;b\r\rc;d\r"), [
    { line: 1, cells: ["a", "b"] },
    { line: 3, cells: ["c", "d"] },
  ]);
});

test("in a CSV file, concepts are given by name, and answers by text or letter", () => {
  const { items, problems, fields } = readFile("algebra.csv", CSV, null);
  assert.deepEqual(fields, { concept_names: ["Sums", "Names"] });
  assert.deepEqual(items.map(({ line, question }) => [line, question.id, question.correct_answer, question.concepts]), [
    [2, "q1", "4", [1, 0]],
    [4, "q2", "Two", [1, 0.5]],
    [5, "q3", "A thing", [0, 1]],
  ]);
  assert.equal(items[0].question.difficulty, 0.3);
  assert.equal(items[0].question.content, "What is\n2 + 2?");
  assert.deepEqual(items[2].question.options, ["A thing", "B thing"]);
  assert.deepEqual(problems.map(({ line }) => line), [6]);
  assert.match(problems[0].problem, /“w” is not one of the options/);
});

test("a pool's own concepts keep their order, and others are problems", () => {
  const { items, problems } = readFile("x.csv", CSV, ["Names", "Other"]);
  assert.deepEqual(items.map(({ question }) => [question.id, question.concepts]), [["q3", [1, 0]]]);
  assert.deepEqual(problems.map(({ line }) => line), [2, 4, 6]);
  assert.match(problems[0].problem, /“Sums” is not a concept of this pool; it has Names, Other/);
});

test("columns that are missing or not read are named", () => {
  const none = readFile("x.csv", "id,question\n1,What?\n", null);
  assert.match(none.problems[0].problem, /answer; option_a/);
  const more = readFile("x.csv", "question,a,b,answer,colour\nWhat?,1,2,1,red\n", null);
  assert.deepEqual(more.ignored, ["colour"]);
  assert.equal(more.items[0].question.id, idOf("What?", ["1", "2"]));
  assert.deepEqual(more.items[0].question.concepts, [1]);
});

test("an answer is read as the text of an option first, then as a letter or a number", () => {
  assert.equal(rightOption("2", ["1", "2", "3"]), "2");
  assert.equal(rightOption("2", ["x", "y"]), "y");
  assert.equal(rightOption("B", ["x", "y"]), "y");
  assert.equal(rightOption("b", ["b", "y"]), "b");
  assert.equal(rightOption("yes", ["Yes", "YES"]), null);
  assert.equal(rightOption("0", ["x"]), null);
});

test("questions of a JSON file have the lines on which they begin", () => {
  const text = '{\n "name": "[{",\n "questions": [\n  {"id": "a", "options": [{}]},\n  {\n   "id": "b"}\n ]}';
  assert.deepEqual(linesOfItems(text), [4, 5]);
  const { items, fields } = readFile("x.json", text, null);
  assert.deepEqual(items.map(({ line, question }) => [line, question.id]), [[4, "a"], [5, "b"]]);
  assert.equal(fields.name, "[{");
  assert.deepEqual(readFile("x.json", '[\n{"id": 1},\n\n{"id": 2}]', null).items.map(({ line }) => line), [2, 4]);
});

test("JSON that cannot be read is a problem on its line", () => {
  const { items, problems } = readFile("x.json", '[\n{"id": "a"},\n{"id": }\n]', null);
  assert.deepEqual([items, problems.map(({ line }) => line)], [[], [3]]);
  assert.equal(readFile("x.json", '{"other": 1}', null).problems.length, 1);
  const lines = { '{\n"a" 1}': 2, '[1,\n\n]': 3, '{"a":\n[1 2]}': 2, '{"a": [1\n}': 2, '[1]\n]': 2, '{"a\n': 1, '[tru\n]': 1, '{"a": 1,\n}': 2, "[\n\n": 3 };
  for (const [text, line] of Object.entries(lines)) assert.equal(lineOfError(text), line, text);
});

test("a repeated id is a problem that names the line of the first", () => {
  const items = [{ line: 2, question: { id: "a" } }, { line: 3, question: {} }, { line: 9, question: { id: "a" } }, { line: 10, question: {} }];
  const { items: unique, problems } = withoutRepeats(items, (id, line) => `${id} ${line}`);
  assert.deepEqual(unique.map(({ line }) => line), [2, 3, 10]);
  assert.deepEqual(problems, [{ line: 9, problem: "a 2" }]);
});

const item = (line, id) => ({ line, question: { id, content: "x".repeat(50) } });

test("a refusal that names questions leaves the others", () => {
  const items = [item(1, "a"), item(5, "b"), item(9, "c")];
  const details = [{ field: "questions[1].options", problem: "two are the same" }, { field: "questions[1].id", problem: "too long" }];
  const { problems, remaining } = refusedItems(items, details);
  assert.deepEqual(problems, [{ line: 5, problem: "options: two are the same; id: too long" }]);
  assert.deepEqual(remaining.map(({ line }) => line), [1, 9]);
  assert.equal(refusedItems(items, [{ field: "selection", problem: "?" }]), null);
  assert.equal(refusedItems(items, []), null);
});

test("a file is checked without being stored until only good questions are left", async () => {
  const bodies = [];
  const api = async (method, path, { body }) => {
    bodies.push(body);
    const bad = body.questions.findIndex((question) => question.id === "b");
    if (bad >= 0) throw new Problem("refused", { details: [{ field: `questions[${bad}].id`, problem: "no" }] });
    return {};
  };
  const result = await checkItems(api, [item(1, "a"), item(2, "b"), item(3, "c")], { guessing: 0.2 });
  assert.deepEqual(result.items.map(({ line }) => line), [1, 3]);
  assert.deepEqual(result.problems, [{ line: 2, problem: "id: no" }]);
  assert.ok(bodies.every((body) => body.dry_run === true && body.guessing === 0.2));
  const other = async () => { throw new Problem("conflict", { details: [] }); };
  await assert.rejects(checkItems(other, [item(1, "a")], {}), (problem) => problem.kind === "conflict");
});

test("batches stay below the size of a body, and none is empty", () => {
  const sizeOf = (part) => Buffer.byteLength(JSON.stringify(part.map((one) => one.question)));
  for (const letter of ["a", "é", "क"]) {
    const items = Array.from({ length: 12 }, (_, n) => ({ line: n, question: { id: `q${n}`, content: letter.repeat(200) } }));
    const parts = batches(items, 2000);
    assert.deepEqual(parts.flat(), items);
    assert.ok(parts.every((part) => part.length > 1 && sizeOf(part) <= 2001), letter); // the limit, and a bracket
  }
  assert.equal(batches([item(1, "a")], 1).length, 1);
  assert.deepEqual(batches([]), []);
});

const question = (fields = {}) => ({
  id: "q", content: "What?", options: ["a", "b", "c", "d"], concepts: [1, 0], is_asked: true, retired: false, times_shown: 0, right_share: null, calibration: null,
  parameters: { difficulty: 0.5, discrimination: 1, is_calibrated: false }, ...fields,
});
const POOL = { testCount: 100, maxExposure: 0.25 };
const whatToDo = (fields) => flagsOf(question(fields), POOL).map((flag) => flag.what);

test("questions are flagged for what their answers or options show, and for nothing else", () => {
  assert.deepEqual(whatToDo(), []);
  assert.deepEqual(whatToDo({ is_asked: false }), ["correct the answer"]);
  assert.deepEqual(whatToDo({ is_asked: false, retired: true }), []);
  assert.deepEqual(whatToDo({ times_shown: 20, right_share: 0.1 }), []);
  assert.deepEqual(whatToDo({ times_shown: 24, right_share: 0.5 }), []);
  assert.deepEqual(whatToDo({ times_shown: 62, right_share: 0.1 }), ["check the right answer", "add similar questions"]);
  const errors = { discrimination: 0.09 };
  const weak = { difficulty: 0.5, discrimination: 0.22, is_calibrated: true };
  assert.deepEqual(whatToDo({ parameters: weak, calibration: { drifted: true, curve_change: 0.1, errors } }), ["check whether it has leaked", "retire or rewrite"]);
  assert.deepEqual(whatToDo({ parameters: { ...weak, is_calibrated: false } }), []);
});

test("the figures of a concept are those of its questions that can be asked", () => {
  const hard = question({ parameters: { difficulty: 0.9, discrimination: 1 }, times_shown: 25 });
  const [first, second] = conceptRows([question(), hard, question({ is_asked: false, times_shown: 99 })], ["A", "B"], 50);
  assert.deepEqual(first, { name: "A", count: 2, easiest: 0.5, hardest: 0.9, mostShown: 0.5 });
  assert.deepEqual(second, { name: "B", count: 0, easiest: null, hardest: null, mostShown: 0 });
});

test("the precise range spans the precise proficiencies; a search matches all words in any case", () => {
  assert.deepEqual(preciseRange([0.1, 0.5, 0.9], [0.4, 0.3, 0.29], 0.3), [0.5, 0.9]);
  assert.equal(preciseRange([0.1], [0.4], 0.3), null);
  assert.equal(matchingQuestions([question(), question({ id: "other" })], "what OTHER").length, 1);
});

test("students are listed one per line, and names keep their commas", () => {
  assert.deepEqual(studentsIn(" ann \r\nbob\n\nann\n"), ["ann", "bob"]);
  assert.deepEqual(studentsIn("Doe, Jane\nRoe; Rick\ns1, s2"), ["Doe, Jane", "Roe; Rick", "s1, s2"]);
  for (const name of ["Doe, Jane", "Doe, Jane, s1", "Doe, Jane 2"]) assert.deepEqual(studentsIn(`${name}\n`), [name]);
  assert.deepEqual(studentsIn("Doe, Jane;\nbob,\n; ann"), ["Doe, Jane", "bob", "ann"]);
  for (const nothing of ["", " \n ", ",", "\n;,\n"]) assert.deepEqual(studentsIn(nothing), [], nothing);
});

test("a single line may list ids with a digit or e-mails", () => {
  assert.deepEqual(studentsIn("s1, s2;s1,\n"), ["s1", "s2"]);
  assert.deepEqual(studentsIn("\nann@example.com; bob@example.com"), ["ann@example.com", "bob@example.com"]);
  assert.deepEqual(studentsIn("s1"), ["s1"]);
});

test("an edit sends every field and the version that was read", () => {
  const form = new FormData();
  const fields = { content: " What? ", options: "a\n b \n\n", answer: "b", concepts: "1, 0.5", difficulty: "0.4", discrimination: "1.2", guessing: "0" };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  const { body, errors } = editOf(form, { version: 7 });
  assert.deepEqual(errors, {});
  assert.deepEqual(body, { content: "What?", options: ["a", "b"], correct_answer: "b", concepts: [1, 0.5], difficulty: 0.4, discrimination: 1.2, guessing: 0, version: 7 });
  form.set("answer", "c");
  form.set("concepts", "1, x");
  assert.deepEqual(Object.keys(editOf(form, { version: 7 }).errors), ["answer", "concepts"]);
});
