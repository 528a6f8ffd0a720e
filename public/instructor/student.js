// The dialog of one student: steps, configuration, events, bug reports, sessions, tests.
import { Dialog, TypedConfirmation } from "../shared/dialog.js";
import { Action, Badge, Loading, Note, ProblemNote } from "../shared/elements.js";
import { ago, clock, dateTime, duration, safeLink } from "../shared/format.js";
import { html, useCallback, useState } from "../shared/html.js";
import { useLive } from "../shared/live.js";
import { Table } from "../shared/table.js";
import { cellOf } from "./model.js";
import { DETAIL } from "./texts.js";

const MAX_EVENTS = 12;
const OPTIONAL = Symbol("problem of an optional call");

/** A call whose failure leaves the rest of the dialog as it is. */
const optionalCall = (call) => call.catch((problem) => ({ [OPTIONAL]: problem }));

async function loadStudent(api, row, signal) {
  const [progress, log, tests] = await Promise.all([
    api("GET", "/api/student-progress", { query: { studentId: row.studentId }, signal }),
    row.sessionToken
      ? optionalCall(api("GET", "/api/session-log", { query: { sessionToken: row.sessionToken, limit: MAX_EVENTS }, signal }))
      : { events: [] },
    optionalCall(api("GET", `/api/student/${encodeURIComponent(row.studentId)}/history`, { query: { limit: 10 }, signal })),
  ]);
  return { sessions: progress.sessions, log, tests };
}

function Steps({ row, steps, session, medians }) {
  const times = new Map((session?.step_progress ?? []).map((step) => [step.stepNumber, step.timeSpent]));
  const cell = (step) => cellOf(row, step.stepNumber - 1);
  return html`<section class="flow tight">
    <h3>${DETAIL.steps}</h3>
    <${Table}
      label=${DETAIL.steps}
      rows=${steps}
      rowKey=${(step) => step.stepNumber}
      columns=${[
        { name: "step", label: DETAIL.columns.step, cell: (step) => html`<span class="row nw"><i class="cell" aria-hidden="true" data-s=${cell(step).state || null} data-now=${cell(step).now}>${cell(step).sign}</i>${step.stepNumber} ${step.stepName}</span>` },
        { name: "time", label: DETAIL.columns.time, num: true, cell: (step) => (times.get(step.stepNumber) ? duration(times.get(step.stepNumber)) : "–") },
        { name: "median", label: DETAIL.columns.median, num: true, className: "soft hide-s", cell: (step) => (medians.has(step.stepNumber) ? duration(medians.get(step.stepNumber)) : "–") },
        { name: "state", label: DETAIL.columns.state, className: "line", cell: (step) => cell(step).label },
      ]}
    />
  </section>`;
}

function Value({ name, value }) {
  if (typeof value === "boolean") return html`<${Badge} kind=${value ? "good" : ""}>${value ? DETAIL.keySet : DETAIL.keyMissing}<//>`;
  if (!value) return html`<span class="soft">${DETAIL.unset}</span>`;
  const link = name.endsWith("_url") && safeLink(value);
  return link ? html`<a href=${link} rel="noreferrer noopener" target="_blank">${value}</a>` : html`<bdi>${value}</bdi>`;
}

function Configuration({ session }) {
  return html`<section class="flow tight">
    <h3>${DETAIL.configuration}</h3>
    <dl class="dl">
      ${Object.entries(DETAIL.fields).map(([name, label]) => html`<dt key=${`t${name}`}>${label}</dt><dd key=${`d${name}`}><${Value} name=${name} value=${session[name]} /></dd>`)}
    </dl>
  </section>`;
}

function eventWords({ event_type: type, event_data: data }) {
  const step = data?.stepNumber ?? data?.step;
  return `${DETAIL.eventNames[type] ?? type}${typeof step === "number" ? `, step ${step}` : ""}`;
}

function Events({ log }) {
  if (log[OPTIONAL]) return html`<${ProblemNote} problem=${log[OPTIONAL]} />`;
  if (!log.events.length) return html`<p class="soft small">${DETAIL.noEvents}</p>`;
  return html`<table class="flat"><tbody>
    ${log.events.map((event) => html`<tr key=${event.event_id}>
      <td class="num soft">${clock(event.created_at)}</td><th scope="row">${eventWords(event)}</th>
      <td><bdi>${typeof event.event_data?.description === "string" ? event.event_data.description.slice(0, 200) : ""}</bdi></td>
    </tr>`)}
  </tbody></table>`;
}

function Bugs({ sessions }) {
  const reports = sessions.flatMap((session) => (Array.isArray(session.bug_reports) ? session.bug_reports : []));
  if (!reports.length) return html`<p class="soft small">${DETAIL.noBugs}</p>`;
  return html`<ul class="flow tight">
    ${reports.slice(-10).reverse().map((report, place) => html`<li key=${place}><bdi>${String(report?.description ?? "").slice(0, 500)}</bdi></li>`)}
  </ul>`;
}

function Tests({ tests }) {
  if (tests[OPTIONAL] && tests[OPTIONAL].kind !== "missing") return html`<${ProblemNote} problem=${tests[OPTIONAL]} />`;
  const sessions = tests.test_sessions ?? [];
  if (!sessions.length) return html`<p class="soft small">${DETAIL.noTests}</p>`;
  const words = DETAIL.testColumns;
  return html`<${Table} label=${DETAIL.tests} rows=${sessions} rowKey=${(test) => test.session_id} columns=${[
    { name: "date", label: words.date, cell: (test) => dateTime(test.completed_at ?? test.started_at) },
    { name: "questions", label: words.questions, num: true, cell: (test) => test.total_questions },
    { name: "right", label: words.right, num: true, cell: (test) => (test.accuracy === null ? "–" : `${Math.round(100 * test.accuracy)} %`) },
  ]} />`;
}

function Sessions({ api, sessions, onChange }) {
  const [confirming, setConfirming] = useState(null);
  const [link, setLink] = useState(null);
  const [problem, setProblem] = useState(null);
  const words = DETAIL.sessionColumns;
  const renew = async (session) => {
    setProblem(null);
    try {
      const body = { sessionToken: session.session_token, pageUrl: `${location.origin}/workshop` };
      setLink((await api("POST", "/api/admin-new-link", { body })).link);
      onChange();
    } catch (failure) {
      setProblem(failure);
    }
  };
  const remove = () => api("POST", "/api/admin-delete-sessions", { body: { sessionTokens: [confirming.session_token], deleteType: "full" } });
  return html`<section class="flow tight">
    <h3>${DETAIL.sessions}</h3>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${link && html`<${Note} kind="good" fact=${DETAIL.newLinkDone}>${DETAIL.newLinkHint} <code>${link}</code><//>`}
    <table class="flat"><thead><tr><th scope="col">${words.begun}</th><th scope="col">${words.step}</th><th scope="col" class="num">${words.done}</th><th scope="col"><span class="vh">${words.action}</span></th></tr></thead>
      <tbody>${sessions.map((session) => html`<tr key=${session.session_token}>
        <td>${dateTime(session.started_at)} ${session.demo_mode && html`<${Badge}>${DETAIL.demo}<//>`} ${!session.is_active && html`<${Badge}>${DETAIL.closed}<//>`}</td>
        <td>${session.current_step}</td><td class="num">${session.completion_rate} %</td>
        <td class="num"><span class="row">
          <button type="button" class="plain" onClick=${() => renew(session)}>${DETAIL.newLink}</button>
          <button type="button" class="plain bad" onClick=${() => setConfirming(session)}>${DETAIL.deleteSession}</button>
        </span></td>
      </tr>`)}</tbody>
    </table>
    ${confirming && html`<${TypedConfirmation} title=${DETAIL.deleteSessionTitle} word="DELETE" button=${DETAIL.deleteSessionButton}
      what=${DETAIL.deleteSessionWhat(confirming.current_step, confirming.completion_rate)}
      run=${remove} onDone=${() => (setConfirming(null), onChange())} onClose=${() => setConfirming(null)} />`}
  </section>`;
}

function Removal({ api, row, onRemoved }) {
  const [open, setOpen] = useState(false);
  const body = row.studentEmail ? { studentEmail: row.studentEmail } : { studentId: row.studentId };
  return html`<section class="card flow tight">
    <h3>${DETAIL.deleteStudent}</h3>
    <p class="small">${DETAIL.deleteStudentWhat(row.sessions)}</p>
    <button type="button" class="quiet" onClick=${() => setOpen(true)}>${DETAIL.deleteStudentOpen}</button>
    ${open && html`<${TypedConfirmation} title=${DETAIL.deleteStudent} word=${row.studentEmail ?? "DELETE"} button=${DETAIL.deleteStudentButton}
      what=${DETAIL.deleteStudentWhat(row.sessions)} run=${() => api("POST", "/api/admin-delete-student", { body })}
      onDone=${onRemoved} onClose=${() => setOpen(false)} />`}
  </section>`;
}

/**
 * The dialog of one student.
 *
 * @param {{api: Function, row: object, steps: object[], medians: Map<number, number>, now: number,
 *   onClose: Function, onChange: Function}} props `medians` are the class's median times of each step, in seconds
 */
export function StudentDialog({ api, row, steps, medians, now, onClose, onChange }) {
  const [problem, setProblem] = useState(null);
  const load = useCallback((signal) => loadStudent(api, row, signal), [api, row.studentId, row.sessionToken]);
  const live = useLive(load, { interval: null });
  const session = live.data?.sessions.find((one) => one.session_token === row.sessionToken) ?? live.data?.sessions[0];
  const reload = () => {
    live.reload();
    onChange();
  };
  const markHelped = async () => {
    setProblem(null);
    try {
      await api("POST", "/api/admin-mark-helped", { body: { sessionToken: row.sessionToken } });
      onChange();
    } catch (failure) {
      setProblem(failure);
    }
  };
  const button = html`<${Action} run=${markHelped} label=${DETAIL.helped} busyLabel=${DETAIL.helping} />`;
  return html`<${Dialog} title=${html`<bdi>${row.name}</bdi>`} onClose=${onClose}>
    <p class="soft small"><bdi>${DETAIL.email(row.studentEmail)}</bdi>${row.startedAt && ` · ${DETAIL.seen(dateTime(row.startedAt), ago(row.lastActivity, now))}`}</p>
    ${row.helpSeconds !== null && html`<${Note} kind="warn" fact=${DETAIL.asks(row.frontier, duration(row.helpSeconds))} action=${button} />`}
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${live.state === "loading" && html`<${Loading} label=${DETAIL.loading} />`}
    ${live.state === "failed" && html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />`}
    <${Steps} row=${row} steps=${steps} session=${session} medians=${medians} />
    ${live.data && session && html`<${Configuration} session=${session} />`}
    ${live.data && html`
      <section class="flow tight"><h3>${DETAIL.events}</h3><${Events} log=${live.data.log} /></section>
      <section class="flow tight"><h3>${DETAIL.bugs}</h3><${Bugs} sessions=${live.data.sessions} /></section>
      <${Sessions} api=${api} sessions=${live.data.sessions} onChange=${reload} />
      <section class="flow tight"><h3>${DETAIL.tests}</h3><${Tests} tests=${live.data.tests} /></section>
      <${Removal} api=${api} row=${row} onRemoved=${() => (onChange(), onClose())} />`}
  <//>`;
}
