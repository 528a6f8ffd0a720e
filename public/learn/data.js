// All calls of the study page: its data, and the answers that it sends.
import { untilAnswered } from "../shared/deliver.js";
import { forgetAnswer, keepAnswer, waitingAnswers } from "./stored.js";

const ANSWER_TIMEOUT_MS = 15_000;
const MOST = 200; // rows of a page of a list
const ADVICE = 20; // recommendations that the endpoint lists at most

/**
 * The data of a student.
 *
 * @param {Function} api calls as the student
 * @param {string} username under which waiting answers are kept
 */
export function dataOf(api, username) {
  const get = (path, signal, query) => api("GET", `/api/learning/${path}`, { query, signal });

  /** Send an answer until the server has it. It is kept from the first try on, and repeating it is safe. */
  const answer = async (body, signal, onWait) => {
    keepAnswer(username, body);
    const send = () => api("POST", "/api/learning/attempts", { body, timeout: ANSWER_TIMEOUT_MS, signal });
    try {
      const reply = await untilAnswered(send, signal, onWait);
      forgetAnswer(username, body.id);
      return reply;
    } catch (problem) {
      if (!signal.aborted && problem.kind !== "credential") forgetAnswer(username, body.id);
      throw problem;
    }
  };

  return {
    answer,

    /** Number of answers that wait for the server. */
    waiting: () => waitingAnswers(username).length,

    /** Send the answers that wait, oldest first; those that the server refuses are dropped. */
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
      const [profile, advice, plans, progress, mastery, { topics }, { classes }] = await Promise.all([
        get("profile", signal),
        get("recommendations", signal, { limit: ADVICE }),
        get("plan", signal),
        get("progress", signal),
        get("mastery", signal),
        get("topics", signal),
        get("classes", signal),
      ]);
      return { profile, advice, plans, progress, mastery, topics, ownClass: classes[0] ?? null };
    },

    /** The questions of a topic, and the ids of those that were answered, oldest first. */
    async practice(topicId, signal) {
      const [{ questions }, { attempts }] = await Promise.all([
        get("questions", signal, { topic_id: topicId, limit: MOST }),
        get("attempts", signal, { limit: MOST }),
      ]);
      const own = new Set(questions.map(({ id }) => id));
      const answered = attempts.map(({ question_id: id }) => id).filter((id) => own.has(id));
      return { questions, answered: [...new Set(answered)].reverse() };
    },

    makePlan: (type) => api("POST", "/api/learning/plan", { body: { plan_type: type } }),
    saveProfile: (changes) => api("PUT", "/api/learning/profile", { body: changes }),
    join: (code) => api("POST", "/api/learning/classes/join", { body: { code } }),
  };
}
