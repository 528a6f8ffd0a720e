// The dialog that enrolls a list of students; the dashboard and the admin page share it.
import { Dialog } from "../shared/dialog.js";
import { Action, Field, Note, ProblemNote } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { ROSTER } from "./texts.js";

const PATH = "/api/admin-import-roster";
const MAX_BYTES = 4 * 1024 * 1024;

/** The number of lines that end up as students of the course. */
export function enrolledBy({ created, enrolled, updated, unchanged }) {
  return created + enrolled + updated + unchanged;
}

function CheckReport({ report }) {
  const students = enrolledBy(report);
  return html`<p role="status">${students ? html`<b>${ROSTER.ready(students)}</b> ${ROSTER.parts(report)}.` : html`<b>${ROSTER.nobody}</b>`} ${ROSTER.notStored}
      ${report.ignoredColumns.length > 0 && ` ${ROSTER.ignored(report.ignoredColumns)}`}</p>
    ${report.rejectedCount > 0 && html`<p>${ROSTER.rejected(report.rejectedCount)}</p>
      <ol class="els" aria-label=${ROSTER.errors}>${report.rejected.slice(0, 50).map(({ line, problem }) => html`<li class="el" key=${line}><span class="num mono">${line}</span><p class="error">${problem}</p></li>`)}</ol>`}`;
}

/** @param {{api: Function, courseId: string|null, onDone: () => void, onClose: () => void}} props */
export function RosterDialog({ api, courseId, onDone, onClose }) {
  const [text, setText] = useState(null);
  const [byGithub, setByGithub] = useState(false);
  const [report, setReport] = useState(null);
  const [enrolledCount, setEnrolledCount] = useState(null);
  const [problem, setProblem] = useState(null);
  const [fault, setFault] = useState(null);
  const send = (csv, dryRun, github) => api("POST", PATH, { text: csv, query: { courseId, byGithub: github, dryRun } });
  const check = async (csv, github) => {
    setProblem(null);
    setReport(null);
    setEnrolledCount(null);
    try {
      setReport(await send(csv, true, github));
    } catch (failure) {
      setProblem(failure);
    }
  };
  const choose = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    setFault(file.size > MAX_BYTES ? ROSTER.large : null);
    if (file.size > MAX_BYTES) return;
    const csv = await file.text();
    setText(csv);
    await check(csv, byGithub);
  };
  const switchGithub = async (event) => {
    setByGithub(event.target.checked);
    if (text !== null) await check(text, event.target.checked);
  };
  const enroll = async () => {
    setProblem(null);
    try {
      setEnrolledCount(enrolledBy(await send(text, false, byGithub)));
      setReport(null);
      onDone();
    } catch (failure) {
      setProblem(failure);
    }
  };
  const students = report === null ? 0 : enrolledBy(report);
  return html`<${Dialog} title=${ROSTER.title} onClose=${onClose}>
    <p class="soft">${ROSTER.about}</p>
    ${enrolledCount !== null && html`<${Note} kind="good" fact=${ROSTER.done(enrolledCount)} />`}
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${report && html`<${CheckReport} report=${report} />`}
    <${Field} label=${text === null ? ROSTER.choose : ROSTER.again} hint=${ROSTER.hint} error=${fault}>
      ${(props) => html`<input ...${props} type="file" accept=".csv,.tsv,text/csv" onChange=${choose} />`}
    <//>
    <label class="row nw"><input type="checkbox" checked=${byGithub} onChange=${switchGithub} /><span>${ROSTER.byGithub}</span></label>
    ${students > 0 && html`<div class="row"><${Action} label=${ROSTER.button(students)} busyLabel=${ROSTER.busy} run=${enroll} /></div>`}
  <//>`;
}
