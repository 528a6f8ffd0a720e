// Tests in this browser's storage: the running one with an answer that is not acknowledged yet, the
// ids of the latest ones, and this browser's name for tests without a ticket. The id of a test is a
// credential, so it never appears in the address of a page.

const KEY = "stepwise.tests";
export const MAX_TESTS = 20;

const isId = (value) => typeof value === "string" && value.length > 0;
const isTest = (one) => isId(one?.sessionId) && isId(one?.studentId);

/** A name for a person without an account. */
export function newVisitor(random = () => crypto.randomUUID()) {
  return `visitor-${random()}`;
}

/** The stored tests; malformed parts are left out. */
export function readTests(storage = localStorage) {
  let content;
  try {
    content = JSON.parse(storage.getItem(KEY));
  } catch {
    content = null;
  }
  const { visitor, current, tests } = content ?? {};
  return {
    visitor: isId(visitor) ? visitor : null,
    current: isTest(current) ? current : null,
    tests: Array.isArray(tests) ? tests.filter(isTest).slice(0, MAX_TESTS) : [],
  };
}

/** Change a part of what is stored, and return all of it, even if the browser refuses to store it. */
export function changeTests(change, storage = localStorage) {
  const next = { ...readTests(storage), ...change };
  try {
    storage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Private windows may refuse; the test works without a reload.
  }
  return next;
}

/** This browser's name for tests without a ticket. */
export function visitor(storage = localStorage) {
  const { visitor: stored } = readTests(storage);
  return stored ?? changeTests({ visitor: newVisitor() }, storage).visitor;
}

/** Keep a test that has begun as the running one, and put it first in the list of tests. */
export function rememberTest(test, storage = localStorage) {
  const { tests } = readTests(storage);
  const { sessionId, studentId } = test;
  const others = tests.filter((one) => one.sessionId !== sessionId);
  return changeTests({ current: test, tests: [{ sessionId, studentId }, ...others].slice(0, MAX_TESTS) }, storage);
}

/** Keep an answer until the server has acknowledged it; null forgets it. */
export function rememberAnswer(sessionId, answer, storage = localStorage) {
  const { current } = readTests(storage);
  if (current?.sessionId === sessionId) changeTests({ current: { ...current, answer } }, storage);
}

/** Forget which test is running; the test stays in the list of tests. */
export function forgetCurrent(sessionId, storage = localStorage) {
  if (readTests(storage).current?.sessionId === sessionId) changeTests({ current: null }, storage);
}
