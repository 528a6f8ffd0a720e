// A running test: the question, the answer on its way, and what happens when it does not arrive.
import { apiWith } from "../shared/api.js";
import { Loading, Note, Page, ProblemNote } from "../shared/elements.js";
import { html, lazy, useEffect, useRef, useState } from "../shared/html.js";
import { useNow } from "../shared/live.js";
import { deliver, statusOf } from "./calls.js";
import { aboutOf, refusalOf } from "./model.js";
import { Question, Track, Why } from "./question.js";
import { rememberAnswer } from "./stored.js";
import { TEST } from "./texts.js";

const LeaveDialog = lazy(() => import("./leave.js"), "LeaveDialog");
const api = apiWith(null);

/**
 * A running test, continued from its recorded state.
 *
 * @param {{test: object, resumed: boolean, onOver: () => void, onClosed: () => void, onGone: () => void}} props
 *   `onOver` when it is complete or the student has ended it, `onClosed` when it accepts no more answers
 *   for another reason, `onGone` when the server has no such test
 */
export function Taking({ test, resumed, onOver, onClosed, onGone }) {
  const [state, setState] = useState(null);
  const [sentOption, setSentOption] = useState(null);
  const [waiting, setWaiting] = useState(null);
  const [problem, setProblem] = useState(null);
  const [note, setNote] = useState(resumed ? "resumed" : null);
  const [leaving, setLeaving] = useState(false);
  const controller = useRef(new AbortController());
  const busy = useRef(false);

  const load = async () => {
    setProblem(null);
    try {
      const status = await statusOf(api, test.sessionId, controller.current.signal);
      if (!status.is_active || !status.next_question) {
        (status.status === "completed" ? onOver : onClosed)();
        return;
      }
      setState({ question: status.next_question, answeredCount: status.questions_answered, most: status.max_questions, least: status.min_questions, names: status.concept_names ?? [] });
      const { answer } = test;
      if (answer?.questionId === status.next_question.id && !busy.current) send(answer.questionId, answer.response);
    } catch (failure) {
      if (controller.current.signal.aborted) return;
      if (refusalOf(failure) === "gone") onGone();
      else setProblem(failure);
    }
  };
  const send = async (questionId, response) => {
    if (busy.current) return;
    busy.current = true;
    setSentOption(response);
    setProblem(null);
    rememberAnswer(test.sessionId, { questionId, response });
    try {
      const body = { session_id: test.sessionId, question_id: questionId, response };
      const reply = await deliver(api, body, controller.current.signal, setWaiting);
      rememberAnswer(test.sessionId, null);
      if (reply.status === "completed") onOver();
      else setState((old) => ({ ...old, question: reply.next_question, answeredCount: reply.questions_answered }));
      setNote(null);
    } catch (failure) {
      if (controller.current.signal.aborted) return;
      setWaiting(null);
      await handleRefusal(failure);
    }
    busy.current = false;
    setSentOption(null);
  };
  const handleRefusal = async (failure) => {
    const kind = refusalOf(failure);
    if (kind !== "refused") rememberAnswer(test.sessionId, null);
    if (kind === "closed") onClosed();
    else if (kind === "gone") onGone();
    else if (kind === "moved") {
      setNote("moved");
      await load();
    } else setProblem(failure);
  };
  const end = async () => {
    setProblem(null);
    try {
      await api("POST", "/api/test/end", { body: { session_id: test.sessionId } });
      onOver();
    } catch (failure) {
      setLeaving(false);
      setProblem(failure);
    }
  };
  useEffect(() => {
    controller.current = new AbortController();
    load();
    return () => controller.current.abort();
  }, [test.sessionId]);
  const number = (state?.answeredCount ?? 0) + 1;
  useEffect(() => {
    if (state) document.title = `${TEST.title(number)} – Stepwise`;
  }, [number, state]);

  const bar = html`<button type="button" onClick=${() => setLeaving(true)}>${TEST.leave}</button>`;
  const label = waiting ? TEST.waiting : sentOption === null ? TEST.send : TEST.sending;
  return html`<${Page} links=${[]} bar=${bar} size="read">
    ${problem && html`<${ProblemNote} problem=${problem} retry=${state ? null : load} />`}
    ${!state && !problem && html`<${Loading} label=${TEST.number(number)} />`}
    ${state && html`<div class="flow loose">
      <div class="flow tight">
        <p class="small"><b>${TEST.number(number)}</b> <span class="soft">${state.least === state.most ? TEST.exactly(state.most) : TEST.of(state.most)}</span></p>
        <${Track} number=${number} most=${state.most} />
        ${state.least < state.most && html`<p class="soft small">${TEST.earlier}</p>`}
      </div>
      ${waiting && html`<${Waiting} waiting=${waiting} />`}
      ${note === "resumed" && !waiting && html`<${Note} fact=${TEST.resumed}>${TEST.resumedHint(state.answeredCount)}<//>`}
      ${note === "moved" && html`<${Note} fact=${TEST.moved}>${TEST.movedHint}<//>`}
      <${Question} key=${state.question.id} question=${state.question} busy=${sentOption !== null} fixed=${sentOption} label=${label}
        aside=${waiting && html`<${Countdown} until=${waiting.until} />`} onSend=${(option) => send(state.question.id, option)} />
      <details>
        <summary>${TEST.why}</summary>
        <p class="small soft"><${Why} about=${aboutOf(state.question, state.names)} /></p>
      </details>
    </div>`}
    ${leaving && html`<${LeaveDialog} onEnd=${end} onClose=${() => setLeaving(false)} />`}
  <//>`;
}

function Waiting({ waiting }) {
  const fact = navigator.onLine ? TEST.noAnswer : TEST.offline;
  const button = html`<button type="button" class="quiet" onClick=${waiting.now}>${TEST.tryNow}</button>`;
  return html`<${Note} kind="warn" fact=${fact} action=${button}>${TEST.kept}<//>`;
}

function Countdown({ until }) {
  const now = useNow();
  return html`<span class="soft small">${TEST.next(Math.max(1, (until - now) / 1000))}</span>`;
}
