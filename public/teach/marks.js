// The form for the marks of an exam: one field for each student.
import { Dialog } from "../shared/dialog.js";
import { Field, Note, ProblemNote } from "../shared/elements.js";
import { html, useRef, useState } from "../shared/html.js";
import { examsOf, marksIn, memberName } from "./model.js";
import { MARKS } from "./texts.js";

/** @param {{members: object[], marks: object[], data: object, onSaved: () => void, onClose: () => void}} props */
export function MarksDialog({ members, marks, data, onSaved, onClose }) {
  const [faults, setFaults] = useState({});
  const [markCount, setMarkCount] = useState(0);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const note = useRef(null);
  const ids = members.map(({ student_id: id }) => id);
  const exams = [...new Set(examsOf(marks).map(({ exam }) => exam))];
  const read = () => marksIn(Object.fromEntries(new FormData(form.current)), ids, MARKS);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const entry = read();
    const wrongFields = Object.keys(entry.faults);
    setFaults(entry.faults);
    setProblem(null);
    if (wrongFields.length === 1) form.current.elements[wrongFields[0]].focus();
    if (wrongFields.length > 1) setTimeout(() => note.current?.focus());
    if (wrongFields.length) return;
    if (!entry.marks.length) {
      setFaults({ [ids[0]]: MARKS.nothing });
      form.current.elements[ids[0]].focus();
      return;
    }
    setBusy(true);
    const { exam, exam_date: date } = Object.fromEntries(new FormData(form.current));
    try {
      await data.saveMarks({ exam: exam.trim(), exam_date: date, marks: entry.marks });
      onSaved();
      onClose();
    } catch (failure) {
      setProblem(failure);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${MARKS.title} onClose=${onClose}>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${Object.keys(faults).length > 1 && html`<div tabindex="-1" ref=${note}><${Note} kind="bad" fact=${MARKS.wrongCount(Object.keys(faults).length)} /></div>`}
    <form class="flow" ref=${form} onSubmit=${submit} onInput=${() => setMarkCount(read().marks.length)} noValidate>
      <p class="small soft">${MARKS.about}</p>
      <div class="row fields">
        <${Field} label=${MARKS.exam} error=${faults.exam}>${(props) => html`<input ...${props} name="exam" maxlength="200" list="exams" autocomplete="off" />`}<//>
        <${Field} label=${MARKS.date} error=${faults.exam_date} short>${(props) => html`<input ...${props} name="exam_date" type="date" />`}<//>
      </div>
      <datalist id="exams">${exams.map((exam) => html`<option key=${exam} value=${exam} />`)}</datalist>
      <div class="marks">${members.map((member) => html`<div key=${member.student_id} class="mark">
        <label for=${`mark-${member.student_id}`}><bdi>${memberName(member)}</bdi></label>
        <input id=${`mark-${member.student_id}`} name=${member.student_id} inputmode="decimal" autocomplete="off" maxlength="6"
          aria-label=${MARKS.mark(memberName(member))} aria-invalid=${faults[member.student_id] ? "true" : null} aria-describedby=${faults[member.student_id] ? `error-${member.student_id}` : null} />
        ${faults[member.student_id] && html`<p class="error" id=${`error-${member.student_id}`}>${faults[member.student_id]}</p>`}
      </div>`)}</div>
      <button class="large" aria-disabled=${busy ? "true" : null}>${busy ? MARKS.saving : MARKS.save(markCount)}</button>
    </form>
  <//>`;
}
