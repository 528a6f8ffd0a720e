import assert from "node:assert/strict";
import test from "node:test";
import { emptyProfile, greatestMove, interval, levelOf, normal, profileOf, quantile } from "../../public/test/levels.js";
import { aboutOf, optionOfKey, optionText, refusalOf, ticketIn } from "../../public/test/model.js";
import { forgetCurrent, readTests, rememberAnswer, rememberTest, visitor } from "../../public/test/stored.js";
import { headline, startProblem, whyWords } from "../../public/test/texts.js";
import { groupsOf, labelledPlaces, seriesOf } from "../../public/test/timeline.js";

const storage = (text = null) => {
  let stored = text;
  return { getItem: () => stored, setItem: (_, value) => (stored = value), removeItem: () => (stored = null) };
};
const near = (value, expected, error = 1e-4) => assert.ok(Math.abs(value - expected) < error, `${value} is not ${expected}`);

test("the normal distribution and its inverse have their tabulated values", () => {
  for (const [x, share] of [[0, 0.5], [1, 0.841345], [-1, 0.158655], [1.959964, 0.975], [-3, 0.00135]]) {
    near(normal(x), share, 1e-6);
    near(quantile(share), x, 1e-3);
  }
});

test("the ends of an interval are percentiles of the ability's interval", () => {
  // m = 0, v = 1: Φ(±1.96) = 0.025 and 0.975
  const [low, high] = interval(0.5, 0);
  near(low, 0.025);
  near(high, 0.975);
  // m = 0.5, v = 0.25: the percentile is Φ(0.5 / √1.25) = Φ(0.44721) = 0.67264, the ends Φ(0.5 ∓ 0.97998)
  const [from, to] = interval(0.67264, 0.75);
  near(from, normal(-0.47998));
  near(to, normal(1.47998));
  assert.ok(interval(1, 1)[1] <= 1 && interval(0, 1)[0] >= 0);
});

test("a level is below or above the middle only if its whole band is", () => {
  assert.equal(levelOf([0.51, 0.9]), "above");
  assert.equal(levelOf([0.5, 0.9]), "around");
  assert.equal(levelOf([0.1, 0.5]), "around");
  assert.equal(levelOf([0.1, 0.49]), "below");
});

test("a profile follows the order of the test, and a change inside the band is left out", () => {
  const result = { concept_names: ["Algebra", "Math"], proficiency: [0.9, 0.6], confidence: [0.9, 0.5] };
  const rows = profileOf(result, ["Math", "Algebra", "Gone"], [0.5, 0.5, 0.5]);
  assert.deepEqual(rows.map(({ name, value, before, change }) => [name, value, before, change]), [["Math", 60, 50, null], ["Algebra", 90, 50, 40]]);
  assert.equal(profileOf(result, ["Math"])[0].before, null);
  assert.equal(profileOf({ ...result, proficiency: [0.1, 0.6] }, ["Algebra"], [0.5])[0].change, -40);
  assert.deepEqual(emptyProfile(["Math"]), [{ name: "Math", value: 50, low: 2, high: 98, level: "around", before: null, change: null }]);
});

test("the headline names what is above and below the middle", () => {
  const rows = (levels) => Object.entries(levels).map(([name, level]) => ({ name, level }));
  assert.equal(headline(rows({ Math: "above", Algebra: "below", Sums: "around" })), "You are above the middle in Math, and below it in Algebra, so far.");
  assert.equal(headline(rows({ Math: "above", Algebra: "above" })), "You are above the middle in both concepts.");
  assert.equal(headline(rows({ Math: "above", Algebra: "around" })), "You are above the middle in Math.");
  assert.equal(headline(rows({ Math: "below", Algebra: "around" })), "You are below the middle in Math, so far, and around it in the rest.");
  assert.equal(headline(rows({ Math: "around" })), "You are around the middle in Math.");
  assert.equal(headline(rows({ Math: "below" })), "You are below the middle in Math, so far.");
});

test("the explanation of a question lists its concepts and says whether the first is the least certain", () => {
  const names = ["Math", "Algebra", "Sums"];
  const profile = [{ name: "Math", low: 20, high: 60 }, { name: "Algebra", low: 10, high: 90 }, { name: "Sums", low: 30, high: 60 }];
  assert.deepEqual(aboutOf({ concepts: [0.4, 1, 0] }, names, profile), { concepts: ["Algebra", "Math"], leastCertain: true });
  assert.deepEqual(aboutOf({ concepts: [1, 0.4, 0] }, names, profile), { concepts: ["Math", "Algebra"], leastCertain: false });
  assert.deepEqual(aboutOf({ concepts: [1, 0, 0] }, names), { concepts: ["Math"], leastCertain: false });
  assert.equal(aboutOf({ concepts: [1, 0, 0] }, names, emptyProfile(names)).leastCertain, false);
});

test("only the weightiest concept of a question is called the least certain", () => {
  const reason = (concepts, leastCertain) => whyWords({ concepts, leastCertain }).join("");
  assert.equal(reason(["Algebra", "Math"], true), "This one is mainly about Algebra, where your result is the least certain.");
  assert.equal(reason(["Algebra"], true), "This one is about Algebra, where your result is the least certain.");
  assert.match(reason(["Algebra", "Math"], false), /^This one is about Algebra and Math\. At your level/);
});

test("the greatest move keeps its sign, and is null if nothing moved", () => {
  const before = [{ name: "Math", value: 50 }, { name: "Algebra", value: 50 }];
  assert.deepEqual(greatestMove(before, [{ name: "Math", value: 55 }, { name: "Algebra", value: 40 }]), { name: "Algebra", points: -10 });
  assert.equal(greatestMove(before, before), null);
});

test("keys choose the options that exist", () => {
  assert.deepEqual(["1", "4", "5", "0", "a", "12"].map((key) => optionOfKey(key, 4)), [0, 3, null, null, null, null]);
  assert.equal(optionOfKey("9", 12), 8);
});

test("options of older pools are shown as text", () => {
  assert.deepEqual(["a", { id: 1, text: "b" }, 3, null].map(optionText), ["a", "b", "3", "null"]);
});

test("a ticket is read from a link, from a hash, or on its own", () => {
  const ticket = "eyJ2IjoxfQ.abc_DEF-0123456789";
  for (const text of [ticket, ` ${ticket}\n`, `#ticket=${ticket}`, `https://a.example/test#ticket=${ticket}`, `https://a.example/test?ticket=${ticket}&x=1`]) assert.equal(ticketIn(text), ticket, text);
  for (const text of ["", "#tests", "short", "https://a.example/test", "two words that are long enough"]) assert.equal(ticketIn(text), null, text);
});

test("refusals are distinguished by what happens next", () => {
  const kinds = ["session_expired", "session_closed", "other_answer_stored", "not_the_question_asked", "session_not_found", "no_such_option"];
  assert.deepEqual(kinds.map((code) => refusalOf({ code })), ["closed", "closed", "moved", "moved", "gone", "refused"]);
  assert.equal(startProblem({ code: "ticket_expired", kind: "rights" })[0], "This ticket has expired.");
  assert.equal(startProblem({ code: null, kind: "offline" }), null);
  assert.deepEqual(startProblem({ code: "criterion_refused", kind: "refused", message: "Why." }), ["The test did not start.", "Why."]);
});

test("tests are stored and read again, and malformed parts are dropped", () => {
  for (const text of [null, "{", "[]", "3", '{"visitor":"","current":{"sessionId":1},"tests":[{}, null]}']) {
    assert.deepEqual(readTests(storage(text)), { visitor: null, current: null, tests: [] });
  }
  const store = storage();
  const name = visitor(store);
  assert.match(name, /^visitor-/);
  assert.equal(visitor(store), name);
  rememberTest({ sessionId: "a", studentId: "s" }, store);
  rememberTest({ sessionId: "b", studentId: "s" }, store);
  rememberAnswer("a", { questionId: "q", response: 1 }, store);
  assert.equal(readTests(store).current.answer, undefined);
  rememberAnswer("b", { questionId: "q", response: 1 }, store);
  assert.deepEqual(readTests(store).current.answer, { questionId: "q", response: 1 });
  forgetCurrent("a", store);
  assert.equal(readTests(store).current.sessionId, "b");
  forgetCurrent("b", store);
  assert.equal(readTests(store).current, null);
  assert.deepEqual(readTests(store).tests.map((one) => one.sessionId), ["b", "a"]);
  for (let n = 0; n < 30; n += 1) rememberTest({ sessionId: `t${n}`, studentId: "s" }, store);
  assert.equal(readTests(store).tests.length, 20);
});

test("tests over time are grouped by their concepts, oldest first", () => {
  const row = (name, value) => ({ name, value, low: value - 10, high: value + 10 });
  const tests = [
    { test: { session_id: "new", completed_at: "2026-03-01T00:00:00Z" }, profile: [row("Math", 70), row("Sums", 51)] },
    { test: { session_id: "undisclosed", completed_at: "2026-04-01T00:00:00Z" }, profile: null },
    { test: { session_id: "old", completed_at: null, started_at: "2026-01-01T00:00:00Z" }, profile: [row("Math", 40), row("Sums", 20)] },
    { test: { session_id: "other", completed_at: "2026-02-01T00:00:00Z" }, profile: [row("Latin", 40)] },
  ];
  const groups = groupsOf(tests);
  assert.deepEqual(groups.map(({ names }) => names), [["Math", "Sums"], ["Latin"]]);
  assert.deepEqual(seriesOf(groups[0], "Math").map(({ id, value, low }) => [id, value, low]), [["old", 40, 30], ["new", 70, 60]]);
  assert.deepEqual(seriesOf(groups[0], null).map(({ value, low }) => [value, low]), [[30, null], [61, null]]);
});

test("the first and the last place of a long series are labelled", () => {
  assert.deepEqual(labelledPlaces(3), [0, 1, 2]);
  assert.deepEqual(labelledPlaces(20), [0, 6, 13, 19]);
});
