import assert from "node:assert/strict";
import test from "node:test";
import { apiOf, logOut } from "../../public/account/api.js";
import { logInFaults, refusedFields, registrationFaults, registrationOf } from "../../public/account/model.js";
import { accountOf, forgetAccount, readAccount, storeAccount } from "../../public/account/stored.js";
import { Problem } from "../../public/shared/problems.js";

function storageWith(text = null) {
  const values = new Map(text === null ? [] : [["stepwise.account", text]]);
  return { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => values.set(key, value), removeItem: (key) => values.delete(key) };
}

const ANN = { access: "a1", refresh: "r1", username: "ann", role: "student" };
const reply = (access, refresh) => ({ access_token: access, refresh_token: refresh, user: { username: "ann", role: "student" } });

/** Calls of a server on which only `valid` is a good access token; `onRefresh` responds to a refresh. */
function serverWith(valid, onRefresh) {
  const calls = [];
  const open = (token) => async (method, path, options) => {
    calls.push([token, path, options?.body?.refresh_token]);
    if (path === "/api/auth/refresh") return onRefresh(options.body.refresh_token);
    if (token !== valid) throw new Problem("credential", { code: "token_expired" });
    return { success: true };
  };
  return { open, calls };
}

test("a log-in is stored, and anything else in its place is ignored", () => {
  const storage = storageWith();
  storeAccount(ANN, storage);
  assert.deepEqual(readAccount(storage), ANN);
  forgetAccount({ ...ANN, username: "bob" }, storage);
  assert.deepEqual(readAccount(storage), ANN);
  forgetAccount(ANN, storage);
  assert.equal(readAccount(storage), null);
  for (const text of ["", "null", "[]", "{", '{"access": "a"}', JSON.stringify({ ...ANN, refresh: 1 })]) assert.equal(readAccount(storageWith(text)), null, text);
  assert.deepEqual(accountOf(reply("a", "b")), { access: "a", refresh: "b", username: "ann", role: "student" });
});

test("an expired token is renewed once, kept, and the call is sent again", async () => {
  const storage = storageWith(JSON.stringify(ANN));
  const server = serverWith("a2", () => reply("a2", "r2"));
  const api = apiOf(ANN, assert.fail, { open: server.open, storage });
  assert.deepEqual(await api("GET", "/x"), { success: true });
  assert.deepEqual(server.calls.map(([token, path]) => [token, path]), [["a1", "/x"], [null, "/api/auth/refresh"], ["a2", "/x"]]);
  assert.equal(readAccount(storage).refresh, "r2");
  await api("GET", "/y");
  assert.equal(server.calls.length, 4);
});

test("two calls at once use the refresh token once", async () => {
  const storage = storageWith(JSON.stringify(ANN));
  let uses = 0;
  const server = serverWith("a2", async () => {
    uses += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (uses > 1) throw new Problem("credential", { code: "refresh_refused" });
    return reply("a2", "r2");
  });
  const api = apiOf(ANN, assert.fail, { open: server.open, storage });
  await Promise.all([api("GET", "/x"), api("GET", "/y")]);
  assert.equal(uses, 1);
});

test("a token that another tab has renewed is used", async () => {
  const storage = storageWith(JSON.stringify({ ...ANN, access: "a2", refresh: "r2" }));
  const server = serverWith("a2", assert.fail);
  await apiOf(ANN, assert.fail, { open: server.open, storage })("GET", "/x");
  assert.deepEqual(server.calls.map(([token]) => token), ["a1", "a2"]);
});

test("a refused renewal ends the log-in, an unreachable server does not", async () => {
  for (const [kind, expectedEnds] of [["credential", 1], ["offline", 0]]) {
    let ends = 0;
    const server = serverWith("a2", () => {
      throw new Problem(kind);
    });
    const api = apiOf(ANN, () => (ends += 1), { open: server.open, storage: storageWith(JSON.stringify(ANN)) });
    await assert.rejects(api("GET", "/x"), { kind });
    assert.equal(ends, expectedEnds, kind);
  }
});

test("late calls of a log-in that has ended neither end a newer one nor repeat the end", async () => {
  const storage = storageWith(JSON.stringify(ANN));
  const counts = { ends: 0, renewals: 0 };
  const server = serverWith("a9", async () => {
    counts.renewals += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new Problem("credential");
  });
  const api = apiOf(ANN, () => (counts.ends += 1), { open: server.open, storage });
  await Promise.all(["/x", "/y", "/z"].map((path) => assert.rejects(api("GET", path), { kind: "credential" })));
  await assert.rejects(api("GET", "/late"), { kind: "credential" });
  storeAccount({ ...ANN, access: "a9", refresh: "r9" }, storage);
  assert.deepEqual(await api("GET", "/x"), { success: true });
  assert.deepEqual(counts, { ends: 1, renewals: 1 });
});

test("a renewal neither restores a log-in that was ended nor replaces another user's", async () => {
  for (const stored of [null, { ...ANN, username: "bob", access: "b1" }]) {
    const storage = storageWith(JSON.stringify(stored));
    const server = serverWith("a2", async () => reply("a2", "r2"));
    assert.deepEqual(await apiOf(ANN, assert.fail, { open: server.open, storage })("GET", "/x"), { success: true });
    assert.deepEqual(readAccount(storage), stored);
  }
});

test("when a renewal is refused, a newer log-in that was stored meanwhile is used", async () => {
  const storage = storageWith(JSON.stringify(ANN));
  const server = serverWith("a9", async () => {
    storeAccount({ ...ANN, access: "a9", refresh: "r9" }, storage);
    throw new Problem("credential");
  });
  const api = apiOf(ANN, assert.fail, { open: server.open, storage });
  assert.deepEqual(await api("GET", "/x"), { success: true });
  assert.equal(readAccount(storage).refresh, "r9");
});

test("a log-out ends the newest log-in of its user, and no other user's", async () => {
  for (const [stored, expectedToken] of [[{ ...ANN, refresh: "r2" }, "r2"], [{ ...ANN, username: "bob", refresh: "r3" }, "r1"]]) {
    const bodies = [];
    await logOut(async (_method, _path, { body }) => bodies.push(body), ANN, storageWith(JSON.stringify(stored)));
    assert.deepEqual(bodies, [{ refresh_token: expectedToken }]);
  }
});

test("a problem other than an expired token is passed on", async () => {
  const open = () => async () => {
    throw new Problem("rights");
  };
  await assert.rejects(apiOf(ANN, assert.fail, { open, storage: storageWith() })("GET", "/x"), { kind: "rights" });
});

const FIELDS = { username: "ann", password: "12345678", target_exam: "Finals", grade: "10", available_hours_per_day: "2", exam_date: "", code: "" };

test("forms report missing and invalid fields before they send", () => {
  assert.deepEqual(Object.keys(logInFaults({ username: " ", password: "" })), ["username", "password"]);
  assert.deepEqual(logInFaults({ username: "a", password: "b" }), {});
  assert.deepEqual(registrationFaults("student", FIELDS), {});
  for (const [name, bad] of [["username", "ab"], ["password", "1234567"], ["target_exam", " "], ["grade", ""], ["grade", "0"], ["grade", "13"], ["grade", "9.5"], ["available_hours_per_day", "0.4"], ["available_hours_per_day", "25"], ["available_hours_per_day", ""]]) {
    assert.deepEqual(Object.keys(registrationFaults("student", { ...FIELDS, [name]: bad })), [name], `${name} ${bad}`);
  }
  assert.deepEqual(Object.keys(registrationFaults("teacher", { ...FIELDS, invitation: "" })), ["invitation"]);
  assert.deepEqual(registrationFaults("teacher", { ...FIELDS, invitation: "", invitationIsOptional: true }), {});
});

test("a registration sends numbers, and null for no date", () => {
  assert.deepEqual(registrationOf("student", { ...FIELDS, available_hours_per_day: "1.5" }), {
    username: "ann", password: "12345678", role: "student", grade: 10, target_exam: "Finals", exam_date: null, available_hours_per_day: 1.5,
  });
  assert.deepEqual(registrationOf("teacher", { ...FIELDS, invitation: " code " }), { username: "ann", password: "12345678", role: "teacher", invitation: "code" });
});

test("a refusal of the server is shown at its field", () => {
  const names = ["username", "password", "grade"];
  assert.deepEqual(Object.keys(refusedFields(new Problem("conflict", { code: "username_taken" }), names)), ["username"]);
  assert.deepEqual(Object.keys(refusedFields(new Problem("credential", { code: "log_in_refused" }), names)), ["password"]);
  const details = [{ field: "grade", problem: "too large" }, { field: "other", problem: "x" }];
  assert.deepEqual(refusedFields(new Problem("refused", { code: "invalid", details }), names), { grade: "too large" });
  assert.equal(refusedFields(new Problem("server"), names), null);
});
