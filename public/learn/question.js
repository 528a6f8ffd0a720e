// A practice question with a clock; the pointer alone or the keyboard alone is enough to answer it.
import { Note, ProblemNote } from "../shared/elements.js";
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "../shared/html.js";
import { mayBeNumber, optionsOf } from "./model.js";
import { PRACTICE } from "./texts.js";

const MAX_SECONDS = 3600; // the longest time that the endpoint accepts
const MIN_SECONDS = 0.1;
const SLOW = 2; // multiple of the usual time above which a right answer counts less
const CONFIDENCES = [1, 2, 3, 4, 5];
const FIELDS = "input:not([type=radio]), select, textarea, dialog";
const CONTROLS = `a, button, summary, ${FIELDS}`;

/** The seconds since the question was shown, updated each second. */
function Clock({ since, usual, stopped }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (stopped) return undefined;
    const timer = setInterval(() => setSeconds((performance.now() - since) / 1000), 1000);
    return () => clearInterval(timer);
  }, [since, stopped]);
  return html`<span class="small soft clock" role="timer" aria-label=${PRACTICE.timerLabel}>
    <b class=${seconds > SLOW * usual ? "warn" : "ink"}>${PRACTICE.timer(Math.min(seconds, MAX_SECONDS))}</b> ${PRACTICE.of(usual)}
  </span>`;
}

function Options({ options, labels, name, chosen, busy, invalid, onChoose }) {
  return html`<div class="opts">${options.map((option, place) => html`<label class="opt" key=${`${place} ${option}`}>
    <input type="radio" name=${name} checked=${chosen === place} disabled=${busy && chosen !== place} aria-invalid=${invalid ? "true" : null} onChange=${() => onChoose(place)} />
    <span>${labels[option] ?? option}</span>
    ${place < 9 && html`<kbd class="push" aria-hidden="true">${place + 1}</kbd>`}
  </label>`)}</div>`;
}

function Confidence({ name, confidence, busy, error, errorId, group, onChoose }) {
  return html`<fieldset ref=${group} aria-describedby=${error ? errorId : null}>
    <legend class="small"><b>${PRACTICE.confidence}</b></legend>
    <div class="sure">${CONFIDENCES.map((each) => html`<label class="opt" key=${each}>
      <input type="radio" name=${name} checked=${confidence === each} disabled=${busy && confidence !== each} aria-invalid=${error ? "true" : null} onChange=${() => onChoose(each)} />
      <span>${PRACTICE.confidences[each]}</span><kbd class="push" aria-hidden="true">${each}</kbd>
    </label>`)}</div>
  </fieldset>`;
}

function Keys({ parts }) {
  return html`<p class="soft small keys">${parts.map((part, place) => (place % 2 ? part : html`<kbd key=${place}>${part}</kbd>`))}</p>`;
}

function Waiting({ waiting }) {
  const fact = navigator.onLine ? PRACTICE.noAnswer : PRACTICE.offline;
  return html`<${Note} kind="warn" fact=${fact} action=${html`<button type="button" class="quiet" onClick=${waiting.now}>${PRACTICE.tryNow}</button>`}>${waiting.kept ? PRACTICE.kept : PRACTICE.notKept}<//>`;
}

/**
 * Digits choose the answer, Enter goes on to the confidence, digits choose it, Enter sends.
 *
 * @param {{question: object, number: number, topic: string, hasAnsweredAll: boolean, results: boolean[],
 *   sending: object|null, waiting: object|null, problem: Error|null, onSend: Function,
 *   onSkip: Function|null, onFinish: Function}} props
 */
export function PracticeQuestion({ question, number, topic, hasAnsweredAll, results, sending, waiting, problem, onSend, onSkip, onFinish }) {
  const options = optionsOf(question);
  const labels = question.question_type === "true_false" ? PRACTICE.truth : {};
  const [chosen, setChosen] = useState(null);
  const [confidence, setConfidence] = useState(null);
  const [missing, setMissing] = useState(null);
  const [since] = useState(() => performance.now());
  const heading = useRef(null);
  const form = useRef(null);
  const field = useRef(null);
  const sure = useRef(null);
  const id = useId();
  const busy = sending !== null;
  // Layout effects, so that a key pressed immediately reaches the new question.
  useLayoutEffect(() => {
    heading.current.focus();
  }, []);
  const answer = () => (options ? (chosen === null ? null : options[chosen]) : field.current.value.trim());
  const isAnswered = () => (options ? chosen !== null : mayBeNumber(answer()));
  const focusAnswer = () => (options ? form.current.querySelector("input") : field.current).focus();
  const send = (event) => {
    event?.preventDefault();
    if (busy) return;
    if (!isAnswered()) {
      setMissing("answer");
      focusAnswer();
      return;
    }
    if (confidence === null) {
      const first = missing !== "confidence" && !sure.current.contains(document.activeElement);
      setMissing(first ? null : "confidence");
      sure.current.querySelector("input").focus();
      return;
    }
    const seconds = Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, (performance.now() - since) / 1000));
    onSend({ answer: answer(), confidence, seconds: Math.round(seconds * 10) / 10 });
  };
  const chooseAnswer = (place) => {
    setChosen(place);
    setMissing(null);
  };
  const chooseConfidence = (next) => {
    setConfidence(next);
    setMissing(null);
  };
  useLayoutEffect(() => {
    const press = (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.defaultPrevented || busy) return;
      const inside = event.target === document.body || document.getElementById("main").contains(event.target);
      if (!inside || (event.target.closest(FIELDS) && event.key !== "Enter")) return;
      const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : null;
      const atConfidence = sure.current.contains(event.target);
      if (digit !== null && atConfidence && digit <= CONFIDENCES.length) {
        chooseConfidence(digit);
        sure.current.querySelectorAll("input")[digit - 1].focus();
      } else if (digit !== null && !atConfidence && options && digit <= options.length) {
        chooseAnswer(digit - 1);
        form.current.querySelectorAll("input")[digit - 1].focus();
      } else if (digit !== null && !atConfidence && !options) {
        event.preventDefault();
        field.current.focus();
        field.current.value += event.key;
      } else if (event.key === "Enter" && !event.target.closest(CONTROLS)) {
        send(event);
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
  return html`<div class="flow">
    <div class="row"><span class="small soft"><bdi>${topic}</bdi> · ${PRACTICE.number(number)}${results.length > 0 && ` · ${PRACTICE.soFar(results.filter(Boolean).length, results.length)}`}</span>
      <span class="push"><${Clock} since=${since} usual=${question.expected_time_seconds} stopped=${busy} /></span></div>
    ${hasAnsweredAll && html`<p class="small soft">${PRACTICE.allAnswered}</p>`}
    <form class="card flow" ref=${form} onSubmit=${send} noValidate>
      ${options
        ? html`<fieldset aria-describedby=${missing === "answer" ? `${id}-error` : null}>
            <legend><h1 class="q" ref=${heading} tabindex="-1">${question.question_text}</h1></legend>
            <${Options} options=${options} labels=${labels} name=${`${id}-answer`} chosen=${chosen} busy=${busy} invalid=${missing === "answer"} onChoose=${chooseAnswer} />
          </fieldset>`
        : html`<h1 class="q" id=${`${id}-q`} ref=${heading} tabindex="-1">${question.question_text}</h1>
            <div class="field answer">
              <label for=${`${id}-number`}>${PRACTICE.answer}</label>
              <p class="hint" id=${`${id}-hint`}>${PRACTICE.answerHint}</p>
              <input id=${`${id}-number`} ref=${field} inputmode="text" autocomplete="off" autocapitalize="none" spellcheck=${false} maxlength="1000" readonly=${busy}
                aria-describedby=${`${id}-q ${id}-hint${missing === "answer" ? ` ${id}-error` : ""}`} aria-invalid=${missing === "answer" ? "true" : null} />
            </div>`}
      ${missing === "answer" && html`<p class="error" id=${`${id}-error`} role="alert">${options ? PRACTICE.missing : PRACTICE.missingNumber}</p>`}
      <${Confidence} name=${`${id}-sure`} confidence=${confidence} busy=${busy} error=${missing === "confidence"} errorId=${`${id}-sure-error`} group=${sure} onChoose=${chooseConfidence} />
      ${missing === "confidence" && html`<p class="error" id=${`${id}-sure-error`} role="alert">${PRACTICE.missingConfidence}</p>`}
      <div class="row"><button class="large" aria-disabled=${busy ? "true" : null}>${busy ? PRACTICE.sending : PRACTICE.send}</button>
        <button type="button" class="quiet large" onClick=${onFinish}>${PRACTICE.finish}</button></div>
      <${Keys} parts=${options ? PRACTICE.keys(options.length) : PRACTICE.numberKeys} />
    </form>
    ${waiting && html`<${Waiting} waiting=${waiting} />`}
    ${problem && (onSkip
      ? html`<${Note} kind="bad" fact=${PRACTICE.gone[0]} action=${html`<button type="button" class="quiet" onClick=${onSkip}>${PRACTICE.next}</button>`}>${PRACTICE.gone[1]}<//>`
      : html`<${ProblemNote} problem=${problem} />`)}
  </div>`;
}
