import assert from "node:assert/strict";
import test from "node:test";
import { changedFields, countsOf, currentStep, faultsOf, fieldsOf, lookupOf, otherSessions, refusedFields, stepsOf, tokenIn } from "../../public/workshop/model.js";
import { OWN, SHARED, STEPS } from "../../public/workshop/texts.js";

const COURSE = {
  builtIn: true,
  steps: [
    { number: 1, name: "Connect Accounts", completedBy: ["twilioConnected", "openaiConnected"] },
    { number: 2, name: "Choose Use Case", completedBy: ["callDirectionChosen"] },
    { number: 3, name: "Plain", completedBy: [] },
    { number: 4, name: "Basic TwiML", completedBy: ["step4Deployed"] },
  ],
};
const report = (stepNumber, completed, timeSpent = 60, attempts = 1) => ({ stepNumber, completed, timeSpent, attempts });
const FLAGS = { twilio_connected: false, openai_connected: false, call_direction_chosen: false, step4_code_validated: false, step4_committed: false, step4_deployed: false };
const session = (fields = {}, ...reports) => ({ ...FLAGS, ...fields, step_progress: reports });
const states = (...fields) => stepsOf(COURSE, session(...fields)).map(({ state }) => state);

test("a report or all flags complete a step, and a part of the flags begins it", () => {
  assert.deepEqual(states({}), ["open", "open", "open", "open"]);
  assert.deepEqual(states({ twilio_connected: true }), ["begun", "open", "open", "open"]);
  assert.deepEqual(states({ twilio_connected: true, openai_connected: true }), ["done", "open", "open", "open"]);
  assert.deepEqual(states({ step4_committed: true }, report(1, true), report(2, false)), ["done", "begun", "open", "begun"]);
  assert.deepEqual(states({ step4_deployed: true }), ["open", "open", "open", "done"]);
});

test("the share view has no flags, and therefore no parts", () => {
  const steps = stepsOf(COURSE, { step_progress: [{ stepNumber: 1, completed: true }] });
  assert.deepEqual(steps.map(({ state, parts, seconds }) => [state, parts, seconds]), [["done", [], null], ["open", [], null], ["open", [], null], ["open", [], null]]);
});

test("steps carry their parts, time and attempts", () => {
  const steps = stepsOf(COURSE, session({ step4_code_validated: true }, report(4, false, 1860, 3)));
  assert.deepEqual(steps[3].parts, [{ words: "code validated", done: true }, { words: "committed", done: false }, { words: "deployed", done: false }]);
  assert.deepEqual([steps[3].seconds, steps[3].attempts], [1860, 3]);
  assert.deepEqual(stepsOf({ ...COURSE, builtIn: false }, session({ step4_code_validated: true }))[3].parts, []);
});

test("the student is at the last begun step, or the next if that is done", () => {
  const at = (...fields) => currentStep(stepsOf(COURSE, session(...fields)));
  assert.equal(at({}), 1);
  assert.equal(at({}, report(1, true)), 2);
  assert.equal(at({}, report(1, true), report(2, false)), 2);
  assert.equal(at({}, report(1, true), report(3, true)), 4);
  assert.equal(at({}, report(4, true)), 1);
  assert.equal(at({}, report(1, true), report(2, true), report(3, true), report(4, true)), null);
  assert.deepEqual(countsOf(stepsOf(COURSE, session({}, report(1, true), report(2, false)))), { done: 1, all: 4, begun: true });
});

test("the list of other sessions leaves out this session, but keeps one that looks the same", () => {
  const one = { course_id: "a", current_step: 1, completion_rate: 10 };
  assert.deepEqual(otherSessions([{ ...one, course_id: "b" }, one, one], one), [{ ...one, course_id: "b" }, one]);
  assert.deepEqual(otherSessions([{ ...one, current_step: 2 }], one), [{ ...one, current_step: 2 }]);
});

test("a token is read from a link, from a hash, or on its own", () => {
  const token = `ws_1764200000000_${"5f".repeat(32)}`;
  for (const text of [token, ` ${token} `, `#sessionToken=${token}`, `https://a.example/workshop#sessionToken=${token}`]) assert.equal(tokenIn(text), token, text);
  for (const text of ["", "short", "https://a.example/workshop", "two words that are long", "#tests-and-more"]) assert.equal(tokenIn(text), null, text);
});

test("a student is looked up by id or e-mail, and by nothing else", () => {
  const id = "d7dbb526-c3ee-55b2-80a8-7d9eeb09eb7b";
  assert.deepEqual(lookupOf(` ${id}`), { studentId: id });
  assert.deepEqual(lookupOf("ann@example.com "), { studentEmail: "ann@example.com" });
  for (const text of ["", "ann", "ann@", "a b@c", id.slice(1)]) assert.equal(lookupOf(text), null, text);
});

test("only what was changed is sent, and a secret only if one was written", () => {
  const fields = fieldsOf(COURSE);
  const storedSession = { student_name: "Ann", github_repo_url: null, has_api_key: true, system_prompt: "a" };
  assert.deepEqual(changedFields(fields, storedSession, { studentName: " Ann ", githubRepoUrl: "", openaiApiKey: "", systemPrompt: "a" }), {});
  assert.deepEqual(changedFields(fields, storedSession, { studentName: "Bo", githubRepoUrl: "https://x.example", openaiApiKey: "sk-1", systemPrompt: "" }), {
    studentName: "Bo", githubRepoUrl: "https://x.example", openaiApiKey: "sk-1", systemPrompt: "",
  });
  assert.ok(!fieldsOf({ builtIn: false }).some(({ name }) => name === "systemPrompt"));
});

test("addresses and e-mails are checked before they are sent", () => {
  const names = (changed) => Object.keys(faultsOf(fieldsOf(COURSE), changed));
  assert.deepEqual(names({ studentEmail: "ann@example.com", githubRepoUrl: "https://x.example", websocketUrl: "wss://x.example/ws", railwayUrl: "" }), []);
  assert.deepEqual(names({ studentEmail: "ann", githubRepoUrl: "github.com/x", railwayUrl: "javascript:alert(1)", websocketUrl: "https://x" }), ["studentEmail", "githubRepoUrl", "railwayUrl", "websocketUrl"]);
  const problem = { details: [{ field: "studentEmail", problem: "Bad." }, { field: "other", problem: "No." }] };
  assert.deepEqual(refusedFields(problem, ["studentEmail"]), { studentEmail: "Bad." });
});

test("the texts about steps are right for a course of one step, too", () => {
  assert.deepEqual([STEPS.done(0, 1), STEPS.done(3, 9)], ["0 of 1 step done", "3 of 9 steps done"]);
  assert.deepEqual([OWN.finished(1), OWN.finished(9)], ["you have done the only step", "you have done all 9 steps"]);
  assert.deepEqual([SHARED.finished(1), SHARED.finished(9)], ["The only step is done", "All 9 steps are done"]);
});
