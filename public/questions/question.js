// The dialog of one question: its text with the right answer marked, its figures, and the editor.
import { Dialog, TypedConfirmation } from "../shared/dialog.js";
import { Badge, Field, Note, ProblemNote } from "../shared/elements.js";
import { number } from "../shared/format.js";
import { html, useState } from "../shared/html.js";
import { QUESTION } from "./texts.js";

const RETIRE = "RETIRE";

function QuestionView({ question, names }) {
  const { parameters, calibration, concepts } = question;
  const error = (name) => (calibration ? ` ± ${number(calibration.errors[name], 2)}` : "");
  const facts = QUESTION.facts;
  const conceptNames = names.filter((_, place) => concepts[place] > 0);
  return html`<p><b><bdi>${question.content}</bdi></b></p>
    <ul class="opts">${question.options.map((option, place) => html`<li key=${place}><bdi>${typeof option === "string" ? option : JSON.stringify(option)}</bdi> ${option === question.correct_answer && html`<${Badge} kind="good" sign="✓">${QUESTION.right}<//>`}</li>`)}</ul>
    <p class="soft small">${conceptNames.join(", ")}</p>
    <dl class="dl">
      <dt>${facts.difficulty}</dt><dd>${number(parameters.difficulty, 2)}${error("difficulty")}</dd>
      <dt>${facts.discrimination}</dt><dd>${number(parameters.discrimination, 2)}${error("discrimination")}</dd>
      <dt>${facts.guessing}</dt><dd>${number(parameters.guessing, 2)}</dd>
      <dt>${facts.source}</dt><dd>${calibration ? QUESTION.calibrated(calibration.answers) : QUESTION.written}</dd>
      <dt>${facts.shown}</dt><dd>${QUESTION.times(question.times_shown, question.right_share)}</dd>
    </dl>`;
}

const numbersIn = (text) => text.split(/[,;\s]+/).filter(Boolean).map(Number);

/** The body of an edit, and the errors of its form by field. */
export function editOf(form, question) {
  const text = (name) => form.get(name).trim();
  const options = text("options").split("\n").map((line) => line.trim()).filter(Boolean);
  const concepts = numbersIn(text("concepts"));
  const figures = { difficulty: Number(text("difficulty")), discrimination: Number(text("discrimination")), guessing: Number(text("guessing")) };
  const errors = {};
  if (!options.includes(text("answer"))) errors.answer = QUESTION.noAnswer;
  if (concepts.some(Number.isNaN)) errors.concepts = QUESTION.noNumbers;
  for (const [name, value] of Object.entries(figures)) if (Number.isNaN(value)) errors[name] = QUESTION.noNumbers;
  return { errors, body: { content: text("content"), options, correct_answer: text("answer"), concepts, ...figures, version: question.version } };
}

function Editor({ api, path, question, names, onSaved, onCancel }) {
  const [errors, setErrors] = useState({});
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const save = async (event) => {
    event.preventDefault();
    if (busy) return;
    const edit = editOf(new FormData(event.target), question);
    setErrors(edit.errors);
    setProblem(null);
    if (Object.keys(edit.errors).length) return;
    setBusy(true);
    try {
      await api("PUT", path, { body: edit.body });
      onSaved();
    } catch (failure) {
      setProblem(failure.kind === "conflict" ? Object.assign(failure, { message: QUESTION.changed }) : failure);
      setErrors(Object.fromEntries(failure.details?.map(({ field, problem: message }) => [field, message]) ?? []));
      setBusy(false);
    }
  };
  const line = (name, label, value, hint) => html`<${Field} label=${label} hint=${hint} error=${errors[name]}>
    ${(props) => html`<input ...${props} name=${name} defaultValue=${value} autocomplete="off" />`}<//>`;
  return html`<form class="flow" onSubmit=${save}>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    <${Field} label=${QUESTION.content} error=${errors.content}>${(props) => html`<textarea ...${props} name="content" rows="3" defaultValue=${question.content} />`}<//>
    <${Field} label=${QUESTION.options} error=${errors.options}>${(props) => html`<textarea ...${props} name="options" rows="5" defaultValue=${question.options.join("\n")} />`}<//>
    ${line("answer", QUESTION.answer, question.correct_answer, QUESTION.answerHint)}
    ${line("concepts", QUESTION.concepts, question.concepts.join(", "), QUESTION.conceptsHint(names))}
    ${line("difficulty", QUESTION.difficulty, question.difficulty)}
    ${line("discrimination", QUESTION.discrimination, question.discrimination)}
    ${line("guessing", QUESTION.guessing, question.guessing)}
    <div class="row"><button aria-disabled=${busy ? "true" : null}>${busy ? QUESTION.saving : QUESTION.save}</button><button type="button" class="quiet" onClick=${onCancel}>${QUESTION.cancel}</button></div>
  </form>`;
}

/** @param {{api, poolId: string, question: object, names: string[], onClose: Function, onChange: Function}} props */
export function QuestionDialog({ api, poolId, question, names, onClose, onChange }) {
  const [mode, setMode] = useState("view");
  const [message, setMessage] = useState(null);
  const path = `/api/pools/${poolId}/questions/${encodeURIComponent(question.id)}`;
  const finish = (words) => {
    setMessage(words);
    setMode("view");
    onChange();
  };
  return html`<${Dialog} title=${html`<bdi>${question.id}</bdi>`} onClose=${onClose}>
    ${message && html`<${Note} kind="good" fact=${message} />`}
    ${mode === "edit"
      ? html`<${Editor} api=${api} path=${path} question=${question} names=${names} onSaved=${() => finish(QUESTION.saved)} onCancel=${() => setMode("view")} />`
      : html`<${QuestionView} question=${question} names=${names} />
          <div class="row"><button type="button" onClick=${() => setMode("edit")}>${QUESTION.edit}</button>
            ${!question.retired && html`<button type="button" class="danger push" onClick=${() => setMode("retire")}>${QUESTION.retire}</button>`}</div>`}
    ${mode === "retire" && html`<${TypedConfirmation} title=${QUESTION.retireTitle} what=${QUESTION.retireWhat(question.id)} word=${RETIRE} button=${QUESTION.retireButton}
      run=${() => api("POST", `${path}/retire`, { body: { version: question.version } })} onDone=${() => finish(QUESTION.retired)} onClose=${() => setMode("view")} />`}
  <//>`;
}
