// The short test while it runs: a question, the estimate after each answer, and the reason for the question.
import { apiWith } from "../shared/api.js";
import { Note, ProblemNote } from "../shared/elements.js";
import { html, useEffect, useRef, useState } from "../shared/html.js";
import { deliver, startTest, statusOf } from "../test/calls.js";
import { greatestMove, profileOf } from "../test/levels.js";
import { aboutOf, refusalOf } from "../test/model.js";
import { Question, Track, Why } from "../test/question.js";
import { proficiencyOf } from "../test/results.js";
import { forgetCurrent, rememberAnswer, rememberTest, visitor } from "../test/stored.js";
import { LEVELS, TEST, headline } from "../test/texts.js";
import { Bars } from "./bars.js";
import { DEMO, MOVED } from "./texts.js";

const POOL = "5e9d0000-0000-4000-8000-000000000001"; // the demo's questions on school mathematics
const QUESTIONS = 8;
const NO_DEMO_CODES = ["pool_not_found", "ticket_required", "criterion_refused"]; // errors without the demo's pool
const api = apiWith(null);

function Moved({ move }) {
  if (!move) return null;
  const words = move.points > 0 ? MOVED.up(move.points) : MOVED.down(-move.points);
  return html`<b class="ink">${move.name}</b>${words}`;
}

/**
 * @param {{test: object|null, unknown: object[]}} props `test` is a running test to resume, null to start one;
 *   `unknown` is the profile before the first answer
 */
export function ShortTest({ test: runningTest, unknown }) {
  const [state, setState] = useState({ name: "new" });
  const [profile, setProfile] = useState(unknown);
  const [move, setMove] = useState(null);
  const [sentOption, setSentOption] = useState(null);
  const [waiting, setWaiting] = useState(null);
  const [starting, setStarting] = useState(false);
  const [problem, setProblem] = useState(null);
  const heading = useRef(null);
  const key = useRef(null);
  const { signal } = useRef(new AbortController()).current;

  /** Show the estimate and its change; what is shown stays if the estimate cannot be read or is not disclosed yet. */
  const showEstimate = async (test, names, before) => {
    const proficiency = await proficiencyOf(api, test, signal).catch(() => null);
    if (!proficiency?.concept_names.length) return before;
    const after = profileOf(proficiency, names, before && before.map((row) => row.value / 100));
    setProfile(after);
    setMove(before ? greatestMove(before, after) : null);
    return after;
  };
  const ask = (test, question, answeredCount, names, most, focus) =>
    setState({ name: "asking", test, question, number: answeredCount + 1, names, most, focus });
  const start = async () => {
    if (starting) return;
    setStarting(true);
    setProblem(null);
    setMove(null);
    setProfile(unknown);
    key.current ??= crypto.randomUUID();
    try {
      const body = { student_id: visitor(), question_pool_id: POOL, end_criteria: { max_questions: QUESTIONS } };
      const newTest = await startTest(api, body, key.current);
      const test = { sessionId: newTest.session_id, studentId: newTest.student_id, demo: true };
      rememberTest(test);
      await showEstimate(test, newTest.concept_names, null);
      ask(test, newTest.next_question, 0, newTest.concept_names, QUESTIONS, true);
      key.current = null;
    } catch (failure) {
      setProblem(failure);
    }
    setStarting(false);
  };
  const finish = (name, test) => {
    forgetCurrent(test.sessionId);
    setState({ name, test });
  };
  const send = async (option) => {
    const { test, question, names, most } = state;
    setSentOption(option);
    setProblem(null);
    rememberAnswer(test.sessionId, { questionId: question.id, response: option });
    try {
      const body = { session_id: test.sessionId, question_id: question.id, response: option };
      const reply = await deliver(api, body, signal, setWaiting);
      rememberAnswer(test.sessionId, null);
      await showEstimate(test, names, profile);
      if (reply.status === "completed") finish("over", test);
      else ask(test, reply.next_question, reply.questions_answered, names, most, true);
    } catch (failure) {
      setWaiting(null);
      const kind = refusalOf(failure);
      if (kind === "refused") setProblem(failure);
      else if (kind === "moved") await resume(test);
      else finish("closed", test);
    }
    setSentOption(null);
  };
  const resume = async (test) => {
    try {
      const status = await statusOf(api, test.sessionId, signal);
      if (!status.is_active || !status.next_question) return finish("new", test);
      await showEstimate(test, status.concept_names, null);
      return ask(test, status.next_question, status.questions_answered, status.concept_names, status.max_questions, false);
    } catch {
      return undefined; // the button starts another test
    }
  };
  useEffect(() => {
    if (runningTest) resume(runningTest);
    else start();
  }, []);
  useEffect(() => {
    if (state.name === "over") heading.current.focus();
  }, [state.name]);

  const noDemo = problem && NO_DEMO_CODES.includes(problem.code) && DEMO.missing;
  const asking = state.name === "asking";
  return html`<div class="flow">
    <div class="row">
      <h2 class="grow" ref=${heading} tabindex="-1">${state.name === "over" ? headline(profile) : DEMO.title}</h2>
      ${asking && html`<span class="soft small">${DEMO.question(state.number, state.most)}</span>`}
    </div>
    ${problem && (noDemo ? html`<${Note} kind="bad" fact=${noDemo[0]}>${noDemo[1]}<//>` : html`<${ProblemNote} problem=${problem} />`)}
    ${state.name === "closed" && html`<${Note} kind="warn" fact=${DEMO.closed[0]}>${DEMO.closed[1]}<//>`}
    ${waiting && html`<${Note} kind="warn" fact=${navigator.onLine ? TEST.noAnswer : TEST.offline} action=${html`<button type="button" class="quiet" onClick=${waiting.now}>${TEST.tryNow}</button>`}>${TEST.kept}<//>`}
    ${asking
      ? html`<${Track} number=${state.number} most=${state.most} />
          <${Question} key=${state.question.id} question=${state.question} compact focus=${state.focus} busy=${sentOption !== null} fixed=${sentOption}
            label=${waiting ? TEST.waiting : sentOption === null ? TEST.send : TEST.sending} onSend=${send} />`
      : state.name !== "over" && html`<p class="soft">${DEMO.about}</p>`}
    ${!asking && html`<div class="row">
      ${state.name === "over" && html`<a class="btn large" href="/test#result">${DEMO.result}</a>`}
      <button type="button" class=${`large ${state.name === "over" ? "quiet" : ""}`} aria-disabled=${starting ? "true" : null} onClick=${start}>${starting ? DEMO.starting : state.name === "over" ? DEMO.again : DEMO.start}</button>
    </div>`}
    <${Bars} profile=${profile} levels=${LEVELS} />
    <p class="small soft" aria-live="polite">
      ${asking ? html`<${Moved} move=${move} /><${Why} about=${aboutOf(state.question, state.names, profile)} />` : state.name === "over" ? DEMO.band : DEMO.nothing}
    </p>
  </div>`;
}
