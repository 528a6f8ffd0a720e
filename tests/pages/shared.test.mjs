import assert from "node:assert/strict";
import test from "node:test";
import { addressOf, apiWith } from "../../public/shared/api.js";
import { scale, ticks } from "../../public/shared/chart.js";
import { toCsv } from "../../public/shared/csv.js";
import { parseCsv } from "../../public/shared/csv_file.js";
import { ago, bytes, count, duration, nameOf, number, safeLink } from "../../public/shared/format.js";
import { pauseAfter, stateOf } from "../../public/shared/live.js";
import { storePassword, storedPassword } from "../../public/shared/login.js";
import { Problem, isTemporary } from "../../public/shared/problems.js";
import { sorted } from "../../public/shared/table.js";
import { explain, staleLine } from "../../public/shared/texts.js";

const json = (status, body, headers = {}) => async () => new Response(JSON.stringify(body), { status, headers });
const problem = (call) => call.then(() => assert.fail("no problem"), (error) => error);

test("a call carries the password, the body and no cookies", async () => {
  let lastCall;
  const api = apiWith("secret", async (...call) => ((lastCall = call), new Response('{"success": true}')));
  assert.deepEqual(await api("POST", "/api/x", { body: { a: 1 }, query: { limit: 5, cursor: null } }), { success: true });
  const [address, options] = lastCall;
  assert.equal(address, "/api/x?limit=5");
  assert.equal(options.headers.Authorization, "Bearer secret");
  assert.equal(options.body, '{"a":1}');
  assert.equal(options.credentials, "omit");
});

test("without a password no credential is sent", async () => {
  let headers;
  await apiWith(null, async (_, options) => ((headers = options.headers), new Response("{}")))("GET", "/");
  assert.equal("Authorization" in headers, false);
});

test("a file is sent with its content type, and a CSV comes back with its cursor", async () => {
  let options;
  const send = async (_, init) => ((options = init), new Response("a,b", { headers: { "X-Next-Cursor": "c" } }));
  const result = await apiWith("p", send)("POST", "/api/x", { text: "e-mail", as: "text" });
  assert.deepEqual([options.headers["Content-Type"], options.body], ["text/csv", "e-mail"]);
  assert.deepEqual(result, { text: "a,b", nextCursor: "c" });
});

test("each kind of failure is distinguished", async () => {
  const kinds = { 400: "refused", 401: "credential", 403: "rights", 404: "missing", 409: "conflict", 413: "refused",
    422: "refused", 429: "limited", 500: "server", 502: "server", 503: "busy" };
  for (const [status, kind] of Object.entries(kinds)) {
    const body = { error: "why", code: "c", requestId: "r", details: [{ field: "f" }] };
    const error = await problem(apiWith(null, json(Number(status), body, { "Retry-After": "7" }))("GET", "/"));
    assert.deepEqual([error.kind, error.message, error.code, error.requestId, error.seconds], [kind, "why", "c", "r", 7]);
  }
  const html = async () => new Response("<html>", { status: 502 });
  assert.equal((await problem(apiWith(null, html)("GET", "/"))).kind, "server");
  assert.equal((await problem(apiWith(null, async () => new Response("<html>"))("GET", "/"))).kind, "unreadable");
  const broken = () => Promise.reject(new TypeError("failed"));
  assert.equal((await problem(apiWith(null, broken)("GET", "/"))).kind, "offline");
});

test("a call that takes too long ends as a timeout, an aborted one with its AbortError", async () => {
  const silent = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  assert.equal((await problem(apiWith(null, silent)("GET", "/", { timeout: 5 }))).kind, "timeout");
  const controller = new AbortController();
  const call = apiWith(null, silent)("GET", "/", { signal: controller.signal });
  controller.abort();
  assert.equal((await problem(call)).name, "AbortError");
});

test("addresses leave out what is not set", () => {
  assert.equal(addressOf("/a"), "/a");
  assert.equal(addressOf("/a", { x: "", y: undefined, z: 0, q: "a b&c" }), "/a?z=0&q=a+b%26c");
});

test("a duration is written in its largest unit, hours with minutes; an age below a minute is “now”", () => {
  const expected = [[0, "0 s"], [59, "59 s"], [60, "1 min"], [3599, "59 min"], [3600, "1 h 00"], [4560, "1 h 16"],
    [86_399, "23 h 59"], [86_400, "1 day"], [259_200, "3 days"], [-5, "0 s"]];
  for (const [seconds, text] of expected) assert.equal(duration(seconds), text);
  assert.equal(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:00:59Z")), "now");
  assert.equal(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:04:00Z")), "4 min");
  assert.equal(ago("2026-01-02T00:00:00Z", Date.parse("2026-01-01T00:00:00Z")), "now");
});

test("numbers have separators, counts a plural, sizes a unit; an e-mail or id replaces a missing name", () => {
  assert.equal(number(1186), "1,186");
  assert.equal(number(-2.345, 1), "−2.3");
  assert.deepEqual([count(1, "student"), count(0, "student"), count(2, "person", "people")], ["1 student", "0 students", "2 people"]);
  assert.deepEqual([bytes(1), bytes(10), bytes(2048), bytes(3.4 * 1024 ** 2)], ["1 byte", "10 bytes", "2 KB", "3.4 MB"]);
  assert.equal(nameOf({ studentName: "", studentEmail: "a@x.org" }), "a@x.org");
  assert.equal(nameOf({ studentId: "1c9e77" }), "No name (1c9e)");
});

test("only web addresses become links", () => {
  assert.equal(safeLink("https://x.org/a"), "https://x.org/a");
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "x.org", "", null, "//x.org"]) assert.equal(safeLink(bad), null);
});

test("CSV quotes delimiters, runs nothing in a spreadsheet, and can be read back", () => {
  const rows = [["name", "n"], ['=HYPERLINK("x")', -3], ["+1", "@a"], ["a,b\r\nc", null], ["\uFF1D1", "-x"], ["\t=1", 'say "hi"']];
  assert.equal(
    toCsv(rows),
    '\uFEFFname,n\r\n"\'=HYPERLINK(""x"")",-3\r\n"\'+1","\'@a"\r\n"a,b\r\nc",\r\n"\'\uFF1D1","\'-x"\r\n"\'\t=1","say ""hi"""\r\n',
  );
  const plainRows = [["name", "n"], ["a,b\r\nc", "-3"], ['say "hi"', "x;y"]];
  assert.deepEqual(parseCsv(toCsv(plainRows)).map(({ cells }) => cells), plainRows);
});

test("sorting keeps equal rows in order and empty values last", () => {
  const rows = [{ k: 2, n: 1 }, { k: null, n: 2 }, { k: 1, n: 3 }, { k: 2, n: 4 }];
  const order = (descending) => sorted(rows, (row) => row.k, descending).map((row) => row.n);
  assert.deepEqual(order(false), [3, 1, 4, 2]);
  assert.deepEqual(order(true), [1, 4, 3, 2]);
  assert.deepEqual(sorted([{ s: "b" }, { s: "Á" }, { s: "a" }], (row) => row.s).map((row) => row.s), ["a", "Á", "b"]);
});

test("refreshing waits longer after each failure, and as long as the server asks", () => {
  assert.deepEqual([0, 1, 2, 3].map((failures) => pauseAfter(failures)), [10_000, 20_000, 40_000, 60_000]);
  assert.equal(pauseAfter(1, new Problem("busy", { seconds: 3 })), 3000);
});

test("old data stay while a problem may pass, and go when the password is wrong", () => {
  assert.equal(stateOf({ data: null, problem: null }), "loading");
  assert.equal(stateOf({ data: {}, problem: null }), "ready");
  assert.equal(stateOf({ data: {}, problem: new Problem("offline") }), "stale");
  assert.equal(stateOf({ data: null, problem: new Problem("offline") }), "failed");
  assert.equal(stateOf({ data: {}, problem: new Problem("credential") }), "failed");
  assert.equal(isTemporary(new Problem("conflict")), false);
});

test("problems are explained by the fact and what to do", () => {
  const limited = explain(new Problem("limited", { seconds: 760 }), Date.parse("2026-01-01T11:41:20Z"));
  assert.match(limited.advice, /12 min, at \d\d:54/);
  assert.match(explain(new Problem("refused", { message: "limit: too large" })).advice, /limit: too large/);
  assert.doesNotMatch(explain(new Problem("offline")).advice, /undefined/);
  const line = staleLine(new Problem("server"), 0, 128_000, 120_000);
  assert.match(`${line.fact} ${line.advice}`, /No answer for 2 min\. These figures are from .* Trying again in 8 s\./);
});

test("the password is kept for the tab until it is forgotten", () => {
  const values = new Map();
  const storage = { getItem: (k) => values.get(k) ?? null, setItem: (k, v) => values.set(k, v), removeItem: (k) => values.delete(k) };
  storePassword("p", storage);
  assert.equal(storedPassword(storage), "p");
  storePassword(null, storage);
  assert.equal(values.size, 0);
});

test("ticks are round numbers, and a scale from a single value gives finite positions", () => {
  assert.deepEqual(ticks(-3, 3, 6), [-3, -2, -1, 0, 1, 2, 3]);
  assert.deepEqual(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.equal(scale(-1, 1, 0, 100)(0.5), 75);
  assert.equal(Number.isFinite(scale(2, 2, 0, 100)(2)), true);
});
