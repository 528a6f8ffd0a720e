// The comparison of students with and without plans: the groups, their marks and the difference.
import { Dialog } from "../shared/dialog.js";
import { Action, Note, ProblemNote } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { Table } from "../shared/table.js";
import { ARMS, dayOf } from "./texts.js";

const COLUMNS = [
  { name: "arm", label: ARMS.columns.arm, cell: ({ arm }) => ARMS.arms[arm] },
  { name: "students", label: ARMS.columns.students, num: true, cell: ({ student_count: n }) => n },
  { name: "marks", label: ARMS.columns.marks, num: true, cell: ({ mark_count: n }) => n },
  { name: "mean", label: ARMS.columns.mean, num: true, cell: ({ avg_mark: mark }) => (mark === null ? ARMS.none : html`<b>${mark.toFixed(1)}</b>`) },
];

/** A confirmation before a change that concerns the whole class. */
function Confirm({ title, about, warning, label, busyLabel, run, onClose }) {
  return html`<${Dialog} title=${title} sheet=${false} onClose=${onClose}>
    <p>${about}</p>
    ${warning && html`<${Note} kind="warn">${warning}<//>`}
    <div class="row"><${Action} run=${run} label=${label} busyLabel=${busyLabel} /><button type="button" class="quiet" onClick=${onClose}>${ARMS.cancel}</button></div>
  <//>`;
}

function Comparison({ arms }) {
  const { difference, confidence_interval: interval, exam, exam_date: date, is_drawn: isDrawn, note } = arms;
  return html`
    <${Table} label=${ARMS.label} columns=${COLUMNS} rows=${arms.arms} rowKey=${({ arm }) => arm} />
    ${difference !== null && interval !== null && html`<p class="small"><b>${ARMS.difference(difference, interval)}</b> ${exam && html`<bdi>${ARMS.exam(exam, dayOf(date))}</bdi>`}</p>`}
    <p class="small soft">${note}</p>
    ${!isDrawn && difference !== null && html`<p class="small soft">${ARMS.chosen}</p>`}`;
}

/** @param {{arms: object|null, ownClass: object, members: object[], data: object, onChange: () => void}} props */
export function ArmsCard({ arms, ownClass, members, data, onChange }) {
  const [openDialog, setOpenDialog] = useState(null);
  const [problem, setProblem] = useState(null);
  const act = (run) => async () => {
    setProblem(null);
    try {
      await run();
      onChange();
    } catch (failure) {
      setProblem(failure);
    }
    setOpenDialog(null);
  };
  const draw = act(() => data.draw(ownClass.id));
  const end = act(() => data.endArms(ownClass.id, members));
  const assigned = arms?.arms.reduce((sum, { student_count: n }) => sum + n, 0) ?? 0;
  const unassigned = members.length - assigned;
  return html`<section class="card flow tight">
    <h2>${ARMS.title}</h2>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${arms ? html`<${Comparison} arms=${arms} />` : html`<p class="small soft">${ARMS.about}</p>`}
    <div class="row">
      ${unassigned > 0 && html`<button type="button" class="quiet" onClick=${() => setOpenDialog("draw")}>${arms ? ARMS.more : ARMS.draw}</button>`}
      ${arms && html`<button type="button" class="quiet" onClick=${() => setOpenDialog("end")}>${ARMS.end}</button>`}
    </div>
    ${openDialog === "draw" && html`<${Confirm} title=${ARMS.drawTitle} about=${ARMS.about} warning=${ARMS.warning} label=${ARMS.drawYes(unassigned)} busyLabel=${ARMS.drawing} run=${draw} onClose=${() => setOpenDialog(null)} />`}
    ${openDialog === "end" && html`<${Confirm} title=${ARMS.endTitle} about=${ARMS.endAbout} label=${ARMS.end} busyLabel=${ARMS.ending} run=${end} onClose=${() => setOpenDialog(null)} />`}
  </section>`;
}
