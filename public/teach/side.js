// The cards beside the students: the code with which they join, and exam marks.
import { Action, ProblemNote } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { examsOf } from "./model.js";
import { JOIN, MARKS, dayOf } from "./texts.js";

const MAX_EXAMS = 3;

/** The join code, with buttons to renew it or to close the class; without a code, the button that opens the class. */
export function JoinCard({ ownClass, data, onChange }) {
  const [copied, setCopied] = useState(false);
  const [problem, setProblem] = useState(null);
  const copy = async () => {
    await navigator.clipboard.writeText(ownClass.join_code);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  const setOpen = (isOpen) => async () => {
    setProblem(null);
    try {
      await data.change(ownClass.id, { open_to_join: isOpen });
      onChange();
    } catch (failure) {
      setProblem(failure);
    }
  };
  return html`<section class="card flow tight">
    <h2>${JOIN.title}</h2>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${ownClass.join_code
      ? html`<p class="big mono">${ownClass.join_code}</p><p class="small soft">${JOIN.about}</p>
          <div class="row"><button type="button" class="quiet" onClick=${copy}>${copied ? JOIN.copied : JOIN.copy}</button>
            <${Action} key="renew" className="quiet" run=${setOpen(true)} label=${JOIN.renew} busyLabel=${JOIN.renewing} />
            <${Action} key="close" className="quiet" run=${setOpen(false)} label=${JOIN.close} busyLabel=${JOIN.closing} /></div>`
      : html`<p class="small soft">${JOIN.closed}</p><${Action} key="open" className="quiet" run=${setOpen(true)} label=${JOIN.open} busyLabel=${JOIN.renewing} />`}
  </section>`;
}

/** The newest exams with marks, and the button for entering more. */
export function MarksCard({ marks, onOpen }) {
  const exams = examsOf(marks).slice(0, MAX_EXAMS);
  return html`<section class="card flow tight">
    <h2>${MARKS.heading}</h2>
    ${exams.length
      ? html`<ul class="plain-list small">${exams.map(({ key, exam, date, mean, marks: markByStudent }) => html`<li key=${key}><bdi>${MARKS.last(exam, dayOf(date), mean, markByStudent.size)}</bdi></li>`)}</ul>`
      : html`<p class="small soft">${MARKS.none}</p>`}
    <p><button type="button" class="quiet" onClick=${onOpen}>${MARKS.open}</button></p>
  </section>`;
}
