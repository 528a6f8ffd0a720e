// Answers that this browser has given and the server has not acknowledged yet, for each account.

const KEY = "stepwise.answers";

const isAnswer = (one) => ["id", "question_id", "answer"].every((name) => typeof one?.[name] === "string");

function readAll(storage) {
  try {
    const stored = JSON.parse(storage.getItem(KEY));
    return stored !== null && typeof stored === "object" && !Array.isArray(stored) ? stored : {};
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
  } catch {
    // Private windows may refuse; the answer is sent as long as the page is open.
  }
}

/** Keep an answer until the server has acknowledged it. */
export function keepAnswer(username, answer, storage = localStorage) {
  store(username, [...waitingAnswers(username, storage).filter(({ id }) => id !== answer.id), answer], storage);
}

/** Forget an answer that the server has acknowledged or refused. */
export function forgetAnswer(username, id, storage = localStorage) {
  store(username, waitingAnswers(username, storage).filter((one) => one.id !== id), storage);
}
