// The data of the study page. Answers, practice, the overview and changes of the profile go through the copy in
// this browser if there is one; plans and joining a class always need the server.
import { untilAnswered } from "../shared/deliver.js";
import { forgetAnswer, keepAnswer, waitingAnswers } from "./stored.js";

const ANSWER_TIMEOUT_MS = 15_000;
const PAGE_SIZE = 200; // rows
const MAX_RECOMMENDATIONS = 20; // the endpoint lists no more

/**
 * The data of a student.
 *
 * @param {Function} api calls as the student
 * @param {string} username under which waiting answers are kept while there is no copy
 * @param {object|null} copy the student's copy in this browser
 * @param {(error: Error) => void} onLost called when the copy can store nothing more
 */
export function dataOf(api, username, copy = null, onLost = () => {}) {
  const get = (path, signal, query) => api("GET", `/api/learning/${path}`, { query, signal });

  /** Send an answer until the server has it. It is kept from the first try on, and repeating it is safe. */
  const sendAnswer = async (body, signal, onWait) => {
    const kept = keepAnswer(username, body);
    const send = () => api("POST", "/api/learning/attempts", { body, timeout: ANSWER_TIMEOUT_MS, signal });
    try {
      const reply = await untilAnswered(send, signal, (waiting) => onWait(waiting && { ...waiting, kept }));
      forgetAnswer(username, body.id);
      return reply;
    } catch (problem) {
      if (!signal.aborted && problem.kind !== "credential") forgetAnswer(username, body.id);
      throw problem;
    }
  };

  // Null once the copy can store nothing more. The object of `dataOf` stays, so that the page keeps its question.
  let own = copy;

  /** The result of a function of the copy; null without a copy. */
  const fromCopy = async (use) => {
    if (own === null) return null;
    try {
      return await use(own);
    } catch (error) {
      if (error.kind !== "storage") throw error;
      own = null;
      onLost(error);
      return null;
    }
  };

  const fetchOverview = async (signal) => {
    const [profile, advice, plans, progress, mastery, { topics }, { classes }] = await Promise.all([
      get("profile", signal),
      get("recommendations", signal, { limit: MAX_RECOMMENDATIONS }),
      get("plan", signal),
      get("progress", signal),
      get("mastery", signal),
      get("topics", signal),
      get("classes", signal),
    ]);
    return { profile, advice, plans, progress, mastery, topics, ownClass: classes[0] ?? null, asOf: null };
  };

  return {
    /** Store an answer, and return its grade and the new mastery. */
    async answer(body, signal, onWait) {
      return (await fromCopy((ownCopy) => ownCopy.answer(body))) ?? sendAnswer(body, signal, onWait);
    },

    /** Number of answers that wait for the server outside of the copy. */
    waiting: () => waitingAnswers(username).length,

    /** Send the answers that wait outside of the copy, oldest first; those that the server refuses are dropped. */
    async sendWaiting(signal) {
      for (const body of waitingAnswers(username)) {
        try {
          await api("POST", "/api/learning/attempts", { body, timeout: ANSWER_TIMEOUT_MS, signal });
          forgetAnswer(username, body.id);
        } catch (problem) {
          if (!["refused", "missing", "conflict"].includes(problem.kind)) throw problem;
          forgetAnswer(username, body.id);
        }
      }
    },

    /** All data of the page except questions. */
    async overview(signal) {
      return (await fromCopy((ownCopy) => ownCopy.overview(() => fetchOverview(signal)))) ?? fetchOverview(signal);
    },

    /** The questions of a topic, and the ids of those that were answered, oldest first. */
    async practice(topicId, signal) {
      const practice = await fromCopy((ownCopy) => ownCopy.practice(topicId));
      if (practice) return practice;
      const [{ questions }, { attempts }] = await Promise.all([
        get("questions", signal, { topic_id: topicId, limit: PAGE_SIZE }),
        get("attempts", signal, { limit: PAGE_SIZE }),
      ]);
      const ids = new Set(questions.map(({ id }) => id));
      const answeredIds = attempts.map(({ question_id: id }) => id).filter((id) => ids.has(id));
      return { questions, answered: [...new Set(answeredIds)].reverse() };
    },

    makePlan: (type) => api("POST", "/api/learning/plan", { body: { plan_type: type } }),
    /** Change the profile: in the copy, which sends the change later, or at the server if there is no copy. */
    async saveProfile(changes) {
      if (!(await fromCopy((ownCopy) => ownCopy.saveProfile(changes)))) await api("PUT", "/api/learning/profile", { body: changes });
    },
    join: (code) => api("POST", "/api/learning/classes/join", { body: { code } }),
  };
}
