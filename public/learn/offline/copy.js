// The student's copy in this browser: it stores answers and changes of the profile and serves questions and the
// overview without the server, and synchronises in the background.
import { isTemporary } from "../../shared/problems.js";
import { forgetAnswer, waitingAnswers } from "../stored.js";
import { Background } from "./background.js";
import { contentOf } from "./content.js";
import { exportText, importText } from "./file.js";
import { isCorrect } from "./grade.js";
import { foldAttempts, inOrder } from "./mastery.js";
import { ATTEMPTS, PROFILES, addAnswer, changeProfile, dismiss, summaryOf } from "./queue.js";
import { attemptsOf, withRows } from "./overview.js";
import { CONTENT, CannotKeep, META, QUEUE, nameOf, openStore, removeStore } from "./store.js";

/** The id of the user of a token, null if the token has none. It only names the store; nothing is granted by it. */
export function userIdOf(token) {
  try {
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    const { uid } = JSON.parse(text);
    return typeof uid === "string" ? uid : null;
  } catch {
    return null;
  }
}

/**
 * Open the copy of a user, and move answers into it that the page kept in localStorage while it had no copy.
 *
 * @throws {CannotKeep} if this browser cannot store data
 */
export async function openCopy(api, { access, username }) {
  const userId = userIdOf(access);
  if (userId === null) throw new CannotKeep("unavailable");
  const store = await openStore(userId);
  const copy = new Copy(store, api, userId, username);
  try {
    await copy.moveWaitingAnswers();
    await copy.background.start();
  } catch (error) {
    copy.background.stop();
    throw error;
  }
  return copy;
}

class Copy {
  constructor(store, api, userId, username) {
    Object.assign(this, { store, userId, username, loaded: null });
    this.background = new Background(store, api, nameOf(userId));
  }

  /** Move the answers that the page kept in localStorage while it had no copy into the queue, each once. */
  async moveWaitingAnswers() {
    const answers = waitingAnswers(this.username);
    if (!answers.length) return;
    const content = await this.content();
    await this.store.write(async (tables) => {
      for (const answer of answers) await addAnswer(tables, { confidence: null, ...answer }, gradeOf(content, answer), Date.now());
    });
    for (const { id } of answers) forgetAnswer(this.username, id);
  }

  /** The content, null before it was fetched; read again only when it has changed. */
  async content() {
    const version = await this.store.read((tables) => tables.get(META, "content"));
    if (version && this.loaded?.version !== version) {
      this.loaded = contentOf(...(await this.store.read(async (tables) => [await tables.get(META, "content"), await tables.all(CONTENT)])));
    }
    return version ? this.loaded : null;
  }

  /** The questions of a topic and the ids of those that were answered, oldest first; null if no content is here. */
  async practice(topicId) {
    if (!(await this.content())?.byTopic.has(topicId)) await this.background.syncNow();
    const content = await this.content();
    if (content === null) return null;
    const questions = content.byTopic.get(topicId) ?? [];
    const questionIds = new Set(questions.map(({ id }) => id));
    const attempts = inOrder(attemptsOf(await this.store.read((tables) => tables.rows(ATTEMPTS))));
    const answeredIds = attempts.map(({ question_id: id }) => id).filter((id) => questionIds.has(id));
    return { questions, answered: [...new Set(answeredIds.reverse())].reverse() };
  }

  /**
   * Grade and store an answer. It resolves once the answer and its operation are on the disk.
   *
   * @returns {Promise<object|null>} what `POST /api/learning/attempts` returns; null if the question is not here
   */
  async answer(body) {
    const content = await this.content();
    const question = content?.questions.get(body.question_id);
    if (!question) return null;
    const right = isCorrect(question, body.answer);
    const rows = await this.store.write(async (tables) => {
      await addAnswer(tables, body, right, Date.now());
      return tables.rows(ATTEMPTS);
    });
    const mastery = foldAttempts(attemptsOf(rows), content.questions, content.calibration);
    await this.background.announceChange();
    return { id: body.id, question_id: question.id, concept_id: question.concept_id, is_correct: right, correct_answer: question.correct_answer, mastery_score: mastery.get(question.concept_id).score };
  }

  /** Store changes of the profile; false if there is no profile here yet. */
  async saveProfile(changes) {
    const day = changes.exam_date;
    const values = day ? { ...changes, exam_date: `${day}T00:00:00Z` } : changes;
    const isStored = await this.store.write(async (tables) => {
      if (!(await tables.rows(PROFILES)).length) return false;
      await changeProfile(tables, values, Date.now());
      return true;
    });
    if (isStored) await this.background.announceChange();
    return isStored;
  }

  /**
   * The server's overview, or the last stored one if the server cannot be reached, updated with the rows of this device.
   *
   * @param {() => Promise<object>} fetchOverview
   * @returns {Promise<object>} the overview, and `asOf`: time of its plans and recommendations, null if they are current
   */
  async overview(fetchOverview) {
    const saved = await this.store.read((tables) => tables.get(META, "overview"));
    let [overview, asOf] = [null, null];
    try {
      if (saved && !navigator.onLine) throw new TypeError("offline");
      overview = await fetchOverview();
      await this.store.write((tables) => tables.put(META, { at: Date.now(), overview }, "overview"));
    } catch (problem) {
      const temporary = problem instanceof TypeError || isTemporary(problem) || problem.kind === "limited";
      if (overview === null && (!saved || !temporary)) throw problem;
      if (overview === null) [overview, asOf] = [saved.overview, saved.at];
    }
    return { ...(await this.#withOwnRows(overview, asOf)), asOf };
  }

  async #withOwnRows(overview, asOf) {
    const [queue, sync, profiles, attempts] = await this.store.read(async (tables) => [await tables.all(QUEUE), await tables.get(META, "sync"), await tables.rows(PROFILES), await tables.rows(ATTEMPTS)]);
    const content = await this.content();
    const complete = content !== null && sync?.lastSuccess;
    if (!complete || (asOf === null && summaryOf(queue).pending === 0)) return overview;
    return withRows(overview, content, { profile: profiles[0], attempts }, Date.now());
  }

  exportText() {
    return exportText(this.store, this.username, Date.now());
  }

  /** Import a file of changes; resolves to the numbers of new changes and of those that were here before. */
  async importText(text) {
    const content = await this.content();
    const outcome = await importText(this.store, text, (columns) => gradeOf(content, columns) ?? columns.is_correct ?? null);
    await this.background.announceChange();
    return outcome;
  }

  async dismiss(id) {
    await this.store.write((tables) => dismiss(tables, id));
    await this.background.announceChange();
  }

  /** Close the copy, and remove it from this browser unless it holds changes that the server lacks. */
  async leave() {
    const queue = await this.store.read((tables) => tables.all(QUEUE)).catch(() => null); // another tab may have closed the store
    this.background.stop();
    if (queue?.length === 0) await removeStore(this.userId);
  }
}

function gradeOf(content, { question_id: id, answer }) {
  const question = content?.questions.get(id);
  return question ? isCorrect(question, answer) : null;
}
