// A student's own dashboard: steps, help, settings, bug reports, and all sessions.
import { apiWith } from "../shared/api.js";
import { Action, Badge, Loading, Note, ProblemNote, StaleNote } from "../shared/elements.js";
import { clock, safeLink } from "../shared/format.js";
import { html, lazy, useCallback, useEffect, useState } from "../shared/html.js";
import { useLive, useNow } from "../shared/live.js";
import { countsOf, currentStep, fieldsOf, otherSessions, stepsOf } from "./model.js";
import { Steps } from "./steps.js";
import { BUG, HELP, OWN, SESSIONS, SETTINGS, SHARE, STEPS } from "./texts.js";

const BugDialog = lazy(() => import("./bug.js"), "BugDialog");
const SettingsDialog = lazy(() => import("./settings.js"), "SettingsDialog");
const SessionTable = lazy(() => import("./share_view.js"), "SessionTable");
const MAX_CHARACTERS = 160; // of a setting; the form shows all of it
const api = apiWith(null);

/** The session of a token with its course, and the student's other sessions. The course is loaded once. */
async function loadOwn(token, signal, last) {
  const { progress } = await api("GET", "/api/student-progress", { headers: { "X-Session-Token": token }, signal });
  const loadedCourse = last?.course.courseId === progress.course_id ? last.course : null;
  const [course, all] = await Promise.all([
    loadedCourse ?? api("GET", "/api/course", { query: { courseId: progress.course_id }, signal }).then((reply) => reply.course),
    api("GET", "/api/student-progress", { query: { studentId: progress.student_id, limit: 200 }, signal }).catch(() => ({ sessions: [] })),
  ]);
  return { session: progress, course, others: otherSessions(all.sessions, progress) };
}

function Help({ session, current, onChange }) {
  const [problem, setProblem] = useState(null);
  const set = (raised) => async () => {
    setProblem(null);
    try {
      await api("POST", "/api/ask-for-help", { body: { sessionToken: session.session_token, raised } });
      await onChange();
    } catch (failure) {
      setProblem(failure);
    }
  };
  const since = session.help_asked_at;
  return html`<section class=${`card flow tight ${since ? "" : "hero"}`}>
    <h2>${since ? HELP.upTitle : HELP.title}</h2>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${since
      ? html`<${Note} kind="good" fact=${HELP.since(since, current)}>${HELP.seen}<//><${Action} key="down" className="quiet" run=${set(false)} label=${HELP.down} busyLabel=${HELP.lowering} />`
      : html`<p class="small">${HELP.about}</p><${Action} key="up" className="large" run=${set(true)} label=${HELP.ask} busyLabel=${HELP.asking} />`}
  </section>`;
}

function Value({ field, value }) {
  if (field.kind === "secret") return html`<${Badge} kind=${value ? "good" : ""}>${value ? SETTINGS.set : SETTINGS.missing}<//>`;
  const link = field.kind === "url" && safeLink(value);
  if (link) return html`<a href=${link} rel="noreferrer noopener" target="_blank">${value.replace(/^https?:\/\//i, "")}</a>`;
  return html`<bdi>${value.length > MAX_CHARACTERS ? `${value.slice(0, MAX_CHARACTERS)} …` : value}</bdi>`;
}

function Settings({ session, course, onChange }) {
  const [open, setOpen] = useState(false);
  const [savedAt, setSavedAt] = useState(null);
  const showSaved = () => {
    setOpen(false);
    setSavedAt(Date.now());
    onChange();
  };
  const filledFields = fieldsOf(course).filter(({ column, kind }) => kind === "secret" || session[column]);
  const visibleFields = filledFields.filter(({ name }) => name !== "systemPrompt");
  return html`<section class="card flow">
    <h2>${SETTINGS.title}</h2>
    ${savedAt && html`<p class="small good" role="status">✓ ${SETTINGS.saved(savedAt)}</p>`}
    ${visibleFields.length ? html`<dl class="dl">${visibleFields.map((field) => html`<dt key=${`t${field.name}`}>${field.label}</dt><dd key=${`d${field.name}`}><${Value} field=${field} value=${session[field.column]} /></dd>`)}</dl>` : html`<p class="small soft">${SETTINGS.none}</p>`}
    <button type="button" class="quiet" onClick=${() => setOpen(true)}>${SETTINGS.change}</button>
    ${open && html`<${SettingsDialog} session=${session} course=${course} onSaved=${showSaved} onClose=${() => setOpen(false)} />`}
  </section>`;
}

function Bug({ session, steps, current }) {
  const [open, setOpen] = useState(false);
  const [reportNumber, setReportNumber] = useState(null);
  const showReceived = (number) => {
    setOpen(false);
    setReportNumber(number);
  };
  return html`<section class="card flow tight">
    <h2>${BUG.title}</h2>
    <p class="small soft">${BUG.about}</p>
    ${reportNumber !== null && html`<${Note} kind="good" fact=${BUG.sent(reportNumber)}>${BUG.thanks}<//>`}
    <button type="button" class="quiet" onClick=${() => setOpen(true)}>${BUG.open}</button>
    ${open && html`<${BugDialog} session=${session} steps=${steps} current=${current} onSent=${showReceived} onClose=${() => setOpen(false)} />`}
  </section>`;
}

function Share({ studentId }) {
  const [copied, setCopied] = useState(false);
  const link = `${location.origin}/workshop?student=${encodeURIComponent(studentId)}`;
  const copy = async () => {
    await navigator.clipboard.writeText(link);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return html`<section class="card flow tight">
    <h2>${SHARE.title}</h2>
    <p class="small soft">${SHARE.about}</p>
    <p class="small link"><a href=${link}>${link}</a></p>
    <button type="button" class="quiet" onClick=${copy}>${copied ? SHARE.copied : SHARE.copy}</button>
  </section>`;
}

/** The student's place in the course, as the end of a sentence. */
function headlineOf(current, counts) {
  if (current === null) return OWN.finished(counts.all);
  return counts.begun ? OWN.at(current, counts.all) : OWN.begin(counts.all);
}

/**
 * @param {{token: string, isOther: (studentId: string) => boolean, onGone: () => void, onOther: () => void,
 *   onState: (words: string) => void}} props `onGone` is called when the token opens nothing, `onOther`
 *   when the link that was followed names another student
 */
export function OwnDashboard({ token, isOther, onGone, onOther, onState }) {
  const load = useCallback((signal, last) => loadOwn(token, signal, last), [token]);
  const live = useLive(load);
  const now = useNow();
  const { session, course, others } = live.data ?? {};
  useEffect(() => {
    if (live.problem?.kind === "missing") onGone();
  }, [live.problem]);
  useEffect(() => {
    if (live.loadedAt) onState(OWN.updated(live.loadedAt));
  }, [live.loadedAt && clock(live.loadedAt)]);
  useEffect(() => {
    if (session && isOther(session.student_id)) onOther();
  }, [session?.student_id]);
  if (!session || isOther(session.student_id)) {
    return live.state === "failed" && live.problem.kind !== "missing"
      ? html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />`
      : html`<${Loading} label=${OWN.loading} rows=${9} />`;
  }
  const steps = stepsOf(course, session);
  const counts = countsOf(steps);
  const current = currentStep(steps);
  const headline = headlineOf(current, counts);
  const capitalised = `${headline[0].toUpperCase()}${headline.slice(1)}`;
  const [beforeName, afterName] = OWN.hello(headline);
  document.title = `${capitalised} – Stepwise`;
  return html`<div class="flow loose">
    ${live.state === "stale" && html`<${StaleNote} live=${live} now=${now} />`}
    ${live.state === "failed" && html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />`}
    <div class="flow tight">
      <h1>${session.student_name ? html`${beforeName}<bdi>${session.student_name}</bdi>${afterName}` : capitalised}</h1>
      <p class="soft"><bdi>${OWN.about(course.name, session.started_at)}</bdi>${session.total_time_spent > 0 && ` · ${OWN.spent(session.total_time_spent)}`} ${session.demo_mode && html`<${Badge}>${OWN.demo}<//>`}</p>
      ${!session.is_active && html`<p class="soft">${OWN.closed}</p>`}
    </div>
    <div class="own">
      <${Steps} title=${STEPS.title} steps=${steps} current=${current} counts=${counts} />
      <${Help} session=${session} current=${current} onChange=${live.reload} />
      <${Settings} session=${session} course=${course} onChange=${live.reload} />
      <div class="rest flow">
        <${Bug} session=${session} steps=${steps} current=${current} />
        <${Share} studentId=${session.student_id} />
        <section class="card flow tight sessions">
          <h2>${SESSIONS.title}</h2>
          <${SessionTable} sessions=${[session, ...others.slice(0, 50)]} courses=${new Map([[course.courseId, course]])} own=${session} />
        </section>
      </div>
    </div>
  </div>`;
}
