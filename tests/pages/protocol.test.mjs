import assert from "node:assert/strict";
import test from "node:test";
import { apiOf } from "../../public/account/api.js";
import { accountOf, readAccount } from "../../public/account/stored.js";
import { dataOf } from "../../public/learn/data.js";
import { changeOf } from "../../public/learn/offline/file.js";
import { waitingAnswers } from "../../public/learn/stored.js";
import { apiWith } from "../../public/shared/api.js";
import { isTemporary } from "../../public/shared/problems.js";

const ANN = { access: "a1", refresh: "r1", username: "ann", role: "student" };
const API_REFUSAL = { success: false, error: "Log in again.", code: "refresh_refused", requestId: "r" };
const html = (status) => new Response("<html>Accept the terms</html>", { status, headers: { "Content-Type": "text/html" } });
const json = (status, body) => new Response(JSON.stringify(body), { status });

function storageWith(values) {
  const items = new Map(Object.entries(values));
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
}

/** The problem of a call and whether the log-in is over, if `respond` answers every call. */
async function outcomeOf(respond) {
  const storage = storageWith({ "stepwise.account": JSON.stringify(ANN) });
  let over = false;
  const api = apiOf(ANN, () => (over = true), { open: (token) => apiWith(token, async (path) => respond(path)), storage });
  const problem = await api("GET", "/x").then(() => null, (error) => error);
  return { problem, over, stored: readAccount(storage) };
}

const REFUSED = [401, 403, 404, 409, 400, 422];
const FOREIGN = [...REFUSED, 200].map((status) => [`page ${status}`, () => html(status)])
  .concat(REFUSED.map((status) => [`JSON ${status}`, () => json(status, { message: "Unauthorized" })]), [
    ["text", () => json(200, "ok")],
    ["redirect", () => Promise.reject(new TypeError("redirected"))],
    ["page in place of the tokens", (path) => (path.includes("refresh") ? html(200) : json(401, API_REFUSAL))],
    ["refusal of the tokens by a network", (path) => (path.includes("refresh") ? html(401) : json(401, API_REFUSAL))],
    ["other JSON in place of the tokens", (path) => (path.includes("refresh") ? json(200, { status: "ok" }) : json(401, API_REFUSAL))],
  ]);

for (const [name, respond] of FOREIGN) {
  test(`a log-in survives a response that does not come from the API: ${name}`, async () => {
    const { problem, over, stored } = await outcomeOf(respond);
    assert.ok(isTemporary(problem), problem.kind);
    assert.equal(over, false);
    assert.deepEqual(stored, ANN);
  });
}

test("only the API's own refusal of the tokens ends a log-in", async () => {
  const { problem, over } = await outcomeOf(() => json(401, API_REFUSAL));
  assert.equal(problem.kind, "credential");
  assert.equal(over, true);
});

test("a refusal of a body by the platform, as a page, is reported with its status", async () => {
  const { problem } = await outcomeOf(() => html(413));
  assert.equal(problem.status, 413);
});

test("incomplete tokens are refused", () => {
  for (const reply of [{}, { access_token: "a", refresh_token: "r" }, { access_token: "a", refresh_token: 1, user: { username: "u", role: "r" } }]) {
    assert.throws(() => accountOf(reply), { kind: "unreadable" });
  }
});

test("a page in place of a file is refused", async () => {
  await assert.rejects(apiWith("p", async () => html(200))("GET", "/export", { as: "text" }), { kind: "unreadable" });
});

test("answers that wait are kept if a captive portal refuses them", async () => {
  const answer = { id: "1", question_id: "q", answer: "4" };
  globalThis.localStorage = storageWith({ "stepwise.answers": JSON.stringify({ ann: [answer] }) });
  for (const status of [401, 403, 404, 409, 422]) {
    const api = apiWith("p", async () => html(status));
    await assert.rejects(dataOf(api, "ann").sendWaiting(), { kind: "unreadable" });
    assert.deepEqual(waitingAnswers("ann"), [answer], String(status));
  }
});

test("an answer that could not be stored is reported as not saved while it waits", async () => {
  const full = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  for (const [storage, kept] of [[storageWith({}), true], [{ ...storageWith({}), setItem: full }, false]]) {
    globalThis.localStorage = storage;
    globalThis.addEventListener ??= () => {};
    globalThis.removeEventListener ??= () => {};
    const controller = new AbortController();
    const reports = [];
    const delivery = dataOf(apiWith("p", async () => html(502)), "ann").answer({ id: "1", question_id: "q", answer: "4" }, controller.signal, (waiting) => {
      reports.push(waiting.kept);
      controller.abort();
      waiting.now();
    });
    await assert.rejects(delivery);
    assert.deepEqual(reports, [kept]);
  }
});

const ID = "0f9c1d2e-0000-4000-8000-00000123abcd";
const TIME = "2026-11-28T12:00:00.000000Z";
const ATTEMPT = { id: ID, table_name: "question_attempts", row_id: ID, kind: "create", clock: `${TIME}-0000-0123abcd`, created_at: TIME,
  columns: { question_id: ID, answer: "<img src=x onerror=alert(1)>", timestamp: TIME, time_taken_seconds: 9.5, confidence: null, is_correct: true } };
const PROFILE = { ...ATTEMPT, table_name: "student_profiles", kind: "update", columns: { exam_date: null, available_hours_per_day: 2 } };

test("a change in a file is read unchanged, except that unknown members are dropped", () => {
  assert.deepEqual(changeOf(JSON.stringify({ ...ATTEMPT, state: "applied", sequence: 1 })), ATTEMPT);
  assert.deepEqual(changeOf(JSON.stringify(PROFILE)), PROFILE);
  const newer = { ...ATTEMPT, columns: { ...ATTEMPT.columns, mood: "good" } };
  assert.deepEqual(changeOf(JSON.stringify(newer)), newer);
});

test("a change that the page cannot show or the server cannot read is refused", () => {
  const invalidChanges = [
    ...["", "{", "null", "7", '"text"', "[]", "[[]]"],
    ...Object.keys(ATTEMPT).map((name) => ({ ...ATTEMPT, [name]: undefined })),
    ...["id", "row_id", "clock", "created_at", "table_name", "kind"].map((name) => ({ ...ATTEMPT, [name]: "__proto__" })),
    ...["constructor", "exam_marks", "student_profiles", 7].map((table_name) => ({ ...ATTEMPT, table_name })),
    { ...ATTEMPT, table_name: "toString", kind: Object.prototype.toString },
    ...Object.entries({ question_id: "x", answer: { text: 1 }, timestamp: "yesterday", time_taken_seconds: "9", confidence: 1.5, is_correct: "yes" })
      .map(([name, value]) => ({ ...ATTEMPT, columns: { ...ATTEMPT.columns, [name]: value } })),
    { ...ATTEMPT, columns: { ...ATTEMPT.columns, timestamp: "2026-99-28T12:00:00Z" } },
    { ...ATTEMPT, columns: { ...ATTEMPT.columns, time_taken_seconds: -1 } },
    { ...ATTEMPT, columns: { ...ATTEMPT.columns, answer: "x".repeat(200_000) } },
    ...Object.entries({ exam_date: 7, available_hours_per_day: null, grade: "ten", target_exam: null, class_id: ID, constructor: 1 })
      .map(([name, value]) => ({ ...PROFILE, columns: { [name]: value } })),
  ];
  for (const each of invalidChanges) {
    const line = typeof each === "string" ? each : JSON.stringify(each);
    assert.throws(() => changeOf(line), { kind: "format" }, line.slice(0, 200));
  }
  const huge = JSON.stringify(ATTEMPT).replace("9.5", "1e999");
  assert.throws(() => changeOf(huge), { kind: "format" });
});
