// One student: expected marks, weak topics, exam marks, and removal from the class.
import { Dialog } from "../shared/dialog.js";
import { Action, ProblemNote } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { Interval } from "../test/interval.js";
import { Risk } from "./students.js";
import { STUDENT, STUDENTS, dayOf } from "./texts.js";

/** @param {{row: object, ownClass: object, marks: object[], data: object, onChange: () => void, onClose: () => void}} props */
export function StudentDialog({ row, ownClass, marks, data, onChange, onClose }) {
  const [leaving, setLeaving] = useState(false);
  const [problem, setProblem] = useState(null);
  const ownMarks = marks.filter(({ student_id: id }) => id === row.id);
  const takeOut = async () => {
    try {
      await data.takeOut(ownClass.id, row.id);
      onChange();
      onClose();
    } catch (failure) {
      setProblem(failure);
    }
  };
  return html`<${Dialog} title=${html`<bdi>${row.name}</bdi>`} onClose=${onClose}>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    <dl class="dl">
      <dt>${STUDENT.expected}</dt>
      <dd>${row.value === null ? STUDENTS.dash : html`<b>${Math.round(row.value)}</b>, ${STUDENTS.range(row.low, row.high)}<${Interval} row=${row} />`}</dd>
      <dt>${STUDENT.risk}</dt><dd><${Risk} risk=${row.risk} /></dd>
      ${row.mean !== null && html`<dt>${STUDENT.mastery}</dt><dd>${Math.round(row.mean)}</dd>`}
    </dl>
    <h3>${STUDENT.lowest}</h3>
    ${row.weak.length ? html`<ul>${row.weak.map((topic) => html`<li key=${topic.topic_id}><bdi>${STUDENTS.topic(topic)}</bdi></li>`)}</ul>` : html`<p class="soft small">${STUDENT.noWeak}</p>`}
    <h3>${STUDENT.marks}</h3>
    ${ownMarks.length
      ? html`<dl class="dl">${ownMarks.map(({ exam, exam_date: date, mark }) => html`<dt key=${`t${exam}${date}`}><bdi>${exam}</bdi>, ${dayOf(date)}</dt><dd key=${`d${exam}${date}`}><b>${mark}</b></dd>`)}</dl>`
      : html`<p class="soft small">${STUDENT.noMarks}</p>`}
    ${leaving
      ? html`<div class="note warn flow tight"><p><bdi>${STUDENT.outAbout(row.name, ownClass.name)}</bdi></p>
          <div class="row"><${Action} className="danger" run=${takeOut} label=${STUDENT.outYes} busyLabel=${STUDENT.outBusy} /><button type="button" class="quiet" onClick=${() => setLeaving(false)}>${STUDENT.keep}</button></div></div>`
      : html`<p><button type="button" class="quiet" onClick=${() => setLeaving(true)}>${STUDENT.out}</button></p>`}
  <//>`;
}
