// The feedback on an answer, and the summary of a practice session.
import { Share } from "../shared/chart.js";
import { Badge } from "../shared/elements.js";
import { html, useEffect, useLayoutEffect, useRef } from "../shared/html.js";
import { feedbackOf, optionsOf } from "./model.js";
import { PRACTICE } from "./texts.js";

const same = (a, b) => a.trim().toLowerCase() === b.trim().toLowerCase();

/** The options as a list, with the right one and the chosen one marked in words. */
function Answers({ question, feedback }) {
  const options = optionsOf(question) ?? [feedback.answer, ...(feedback.is_correct ? [] : [feedback.correct_answer])];
  const labels = question.question_type === "true_false" ? PRACTICE.truth : {};
  const isNumber = optionsOf(question) === null;
  return html`<ul class="opts">${options.map((option, place) => {
    const isChosen = isNumber ? place === 0 : same(option, feedback.answer);
    const right = isNumber ? feedback.is_correct || place === 1 : same(option, feedback.correct_answer);
    return html`<li class="opt" key=${`${place} ${option}`} data-is=${right ? "right" : isChosen ? "wrong" : null}>
      <span>${labels[option] ?? option}</span>
      ${(isChosen || right) && html`<${Badge} kind=${right ? "good" : "info"} sign=${right ? "✓" : "✕"}>${[isChosen && PRACTICE.yourAnswer, right && PRACTICE.theAnswer].filter(Boolean).join(" · ")}<//>`}
    </li>`;
  })}</ul>`;
}

/**
 * Whether the answer is right, the right answer, and the change of mastery. Enter goes on.
 *
 * @param {{question: object, feedback: object, number: number, concept: string, results: boolean[],
 *   onNext: () => void, onFinish: () => void}} props
 */
export function Feedback({ question, feedback, number, concept, results, onNext, onFinish }) {
  const heading = useRef(null);
  useLayoutEffect(() => {
    heading.current.focus();
  }, []);
  // A layout effect, so that pressing Enter immediately goes on to the next question.
  useLayoutEffect(() => {
    const press = (event) => {
      const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.repeat && !event.defaultPrevented;
      if (event.key === "Enter" && plain && !event.target.closest("a, button, summary")) {
        event.preventDefault();
        onNext();
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
  const words = PRACTICE[feedbackOf(feedback.is_correct, feedback.confidence)];
  return html`<div class="flow">
    <p class="small soft">${PRACTICE.number(number)} · ${PRACTICE.soFar(results.filter(Boolean).length, results.length)}</p>
    <div class="card flow">
      <h1 ref=${heading} tabindex="-1" class=${`topic ${feedback.is_correct ? "good" : ""}`}>${words}</h1>
      <p class="q short">${question.question_text}</p>
      <${Answers} question=${question} feedback=${feedback} />
      <div class="flow tight"><p class="small soft"><bdi>${PRACTICE.mastery(concept, feedback.before, feedback.mastery_score)}</bdi></p><${Share} value=${feedback.mastery_score / 100} /></div>
      <div class="row"><button type="button" class="large" onClick=${onNext}>${PRACTICE.next}</button>
        <button type="button" class="quiet large" onClick=${onFinish}>${PRACTICE.finish}</button></div>
      <p class="soft small keys"><kbd>${PRACTICE.nextKeys[0]}</kbd>${PRACTICE.nextKeys[1]}</p>
    </div>
  </div>`;
}

/**
 * The end of a session: the number of right answers, and the concepts whose mastery changed.
 *
 * @param {{name: string, results: boolean[], concepts: Map<string, {name: string, score: number}>,
 *   scores: Map<string, number>, onMore: () => void}} props `concepts` has the scores before the session, `scores`
 *   those after it
 */
export function Summary({ name, results, concepts, scores, onMore }) {
  const heading = useRef(null);
  useEffect(() => heading.current.focus(), []);
  const changedConcepts = [...concepts].filter(([id, { score }]) => Math.round(scores.get(id)) !== Math.round(score));
  return html`<div class="flow loose">
    <div class="flow tight"><h1 ref=${heading} tabindex="-1">${PRACTICE.done(results.filter(Boolean).length, results.length)}</h1><p class="soft"><bdi>${PRACTICE.doneAbout(name)}</bdi></p></div>
    ${changedConcepts.length > 0 && html`<section class="card flow"><h2>${PRACTICE.changed}</h2>
      <table class="flat stacked mb"><tbody>${changedConcepts.map(([id, concept]) => html`<tr key=${id}>
        <th scope="row"><bdi>${concept.name}</bdi></th>
        <td class="num"><b>${Math.round(scores.get(id))}</b> <span class="soft">${PRACTICE.before} ${Math.round(concept.score)}</span></td>
        <td class="pic line"><${Share} value=${scores.get(id) / 100} /></td>
      </tr>`)}</tbody></table>
    </section>`}
    <div class="row"><a class="btn large" href="#">${PRACTICE.back}</a><button type="button" class="quiet large" onClick=${onMore}>${PRACTICE.more}</button></div>
  </div>`;
}
