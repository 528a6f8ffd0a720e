// Storage of the study page in this browser: for each account the answers that the server has not
// acknowledged yet, and when the student last put off installing the page.

const KEY = "stepwise.answers";
const INSTALL_KEY = "stepwise.install";
const PUT_OFF_MS = 7 * 24 * 3_600_000; // after 7 days without use, Safari deletes the data of a page that is not installed

const isAnswer = (one) => ["id", "question_id", "answer"].every((name) => typeof one?.[name] === "string");

function readAll(storage) {
  try {
    const content = JSON.parse(storage.getItem(KEY));
    return content !== null && typeof content === "object" && !Array.isArray(content) ? content : {};
  } catch {
    return {};
  }
}

/** The waiting answers of an account, oldest first. */
export function waitingAnswers(username, storage = localStorage) {
  const own = readAll(storage)[username];
  return Array.isArray(own) ? own.filter(isAnswer) : [];
}

function store(username, answers, storage) {
  const { [username]: _, ...others } = readAll(storage);
  try {
    storage.setItem(KEY, JSON.stringify(answers.length ? { ...others, [username]: answers } : others));
    return true;
  } catch {
    return false; // private windows may refuse, or there is no room
  }
}

/** Keep an answer until the server has acknowledged it; false if it is not stored and is lost with the page. */
export function keepAnswer(username, answer, storage = localStorage) {
  return store(username, [...waitingAnswers(username, storage).filter(({ id }) => id !== answer.id), answer], storage);
}

/** Forget an answer that the server has acknowledged or refused. */
export function forgetAnswer(username, id, storage = localStorage) {
  store(username, waitingAnswers(username, storage).filter((one) => one.id !== id), storage);
}

/** Whether installing was put off within the last week; `now` is in milliseconds. */
export function installIsPutOff(now, storage = localStorage) {
  try {
    const at = Number(storage.getItem(INSTALL_KEY));
    return at > 0 && at <= now && now - at < PUT_OFF_MS;
  } catch {
    return false;
  }
}

/** Record that installing was put off, so that the page asks again in a week. */
export function putOffInstall(now, storage = localStorage) {
  try {
    storage.setItem(INSTALL_KEY, String(now));
  } catch {
    // Private windows may refuse; the page asks again when it is next opened.
  }
}
