import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { curlOf, doneSteps, factsOf, irregular, obstacleOf, readHash, reportRows, rowsIn, sumOf, untilDone } from "../../public/admin/model.js";
import { MIGRATION } from "../../public/admin/texts.js";
import { enrolledBy } from "../../public/roster/roster.js";
import { ROSTER } from "../../public/roster/texts.js";

const source = (table, [read, created, merged, unchanged, skipped], present = true) => ({ table, present, read, created, merged, unchanged, skipped });
const REPORT = {
  done: true,
  sources: [source("a", [8, 5, 1, 1, 1]), source("b", [2, 2, 0, 0, 0]), source("c", [0, 0, 0, 0, 0], false)],
  findings: { groups: [{ source: "a", field: "x", outcome: "skipped", reason: "why", rows: 1 }, { source: "a", field: "y", outcome: "mended", reason: "how", rows: 2 }] },
  verification: { verified: true },
  preflight: { keys: { unreadable: 0 } },
};

test("the sum of a report adds up, without tables that are absent", () => {
  const sum = sumOf(REPORT);
  assert.equal(sum.read, sum.created + sum.merged + sum.unchanged + sum.notMoved);
  assert.deepEqual([sum.read, sum.moved, sum.unchanged, sum.notMoved, sum.rows.length], [10, 8, 1, 1, 2]);
});

test("the heading of a repeated run says that no row moved", () => {
  const repeated = sumOf({ ...REPORT, sources: [source("a", [8, 0, 0, 7, 1]), source("b", [2, 0, 0, 2, 0])] });
  assert.equal(MIGRATION.dryRun.heading(repeated.moved, repeated.read), "Dry run: 0 of 10 rows would move. Everything was rolled back.");
  assert.equal(MIGRATION.run.heading(repeated.moved, repeated.read), "0 of 10 rows moved.");
});

test("irregular values have a state, and a line each in the CSV file", () => {
  assert.deepEqual(irregular(REPORT).map((group) => group.state), ["decide", "repaired"]);
  assert.deepEqual(reportRows(REPORT)[1], ["a", "x", "skipped", "why", 1]);
});

test("rows that stay behind and keys that cannot be opened have to be accepted", () => {
  assert.equal(obstacleOf(REPORT), "skipped");
  assert.equal(obstacleOf({ ...REPORT, preflight: { keys: { unreadable: 2 } } }), "keys");
  assert.equal(obstacleOf({ ...REPORT, sources: [REPORT.sources[1]], preflight: null }), null);
});

test("a step is done when the response of its call reports that", () => {
  assert.deepEqual(doneSteps({}), { schema: false, dryRun: false, run: false, verify: false, cleanUp: false });
  const unverified = { done: true, verification: { verified: false } };
  assert.deepEqual(doneSteps({ schema: {}, dryRun: REPORT, run: unverified }), { schema: true, dryRun: true, run: true, verify: false, cleanUp: false });
  assert.equal(doneSteps({ run: REPORT }).verify, true);
});

test("a call is repeated until it is done, and each response is reported", async () => {
  const responses = [{ done: false, n: 1 }, { done: false, n: 2 }, { done: true, n: 3 }];
  const numbers = [];
  const last = await untilDone(async () => responses[numbers.length], (response) => numbers.push(response.n));
  assert.deepEqual([last.n, numbers], [3, [1, 2, 3]]);
});

test("the command that is shown makes the call when a shell runs it", () => {
  const command = curlOf("POST", "/api/x", { dryRun: true, name: "it's" }).replace("curl", "printf '%s\\n'");
  const words = execFileSync("sh", ["-c", command], { env: { APP: "https://a.example", ADMIN_PASSWORD: "pass word" }, encoding: "utf8" }).split("\n");
  assert.ok(words.includes("https://a.example/api/x"));
  assert.deepEqual(JSON.parse(words[words.indexOf("-d") + 1]), { adminPassword: "pass word", dryRun: true, name: "it's" });
  assert.match(curlOf("GET", "/api/y", null, { outcome: "", limit: 5 }), /"\$APP\/api\/y\?limit=5" .*\n.*Bearer \$ADMIN_PASSWORD/);
});

test("rows of a backup are summed, facts of an entry are text, and an unknown part of the page is the overview", () => {
  assert.equal(rowsIn({ rows: { workshop: { a: 1, b: 2 }, assessment: { c: 3 } } }), 6);
  assert.equal(factsOf({ rows: 3, of: { a: 1 } }), 'rows: 3, of: {"a":1}');
  assert.deepEqual(["#audit", "", "#else"].map(readHash), ["audit", "overview", "overview"]);
});

test("the counts of a roster are written in words", () => {
  const report = { created: 2, enrolled: 1, updated: 0, unchanged: 3, repeated: 1 };
  assert.equal(enrolledBy(report), 6);
  assert.equal(ROSTER.parts(report), "2 new, 1 known but new in this course, 3 unchanged, 1 repeated in the file");
});
