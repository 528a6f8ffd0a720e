// The share view: steps and percentages of a student, for anyone with the link.
import { apiWith } from "../shared/api.js";
import { Badge, Empty, Loading, ProblemNote, StaleNote } from "../shared/elements.js";
import { html, useCallback, useEffect } from "../shared/html.js";
import { useLive, useNow } from "../shared/live.js";
import { Table } from "../shared/table.js";
import { countsOf, currentStep, stepsOf } from "./model.js";
import { Steps } from "./steps.js";
import { SESSIONS, SHARED, STEPS } from "./texts.js";

const api = apiWith(null);
const REFRESH_MS = 30_000;

/** Sessions and their courses. */
async function loadShared(lookup, signal) {
  const { sessions } = await api("GET", "/api/student-progress", { query: lookup, signal });
  const ids = [...new Set(sessions.map((session) => session.course_id))];
  const courses = await Promise.all(ids.map((courseId) => api("GET", "/api/course", { query: { courseId }, signal })));
  return { sessions, courses: new Map(courses.map(({ course }) => [course.courseId, course])) };
}

/** The fields of a session that this view needs. */
const sharedFields = ({ course_id, current_step, completion_rate, step_progress }) => ({
  course_id, current_step, completion_rate,
  step_progress: step_progress.map(({ stepNumber, completed }) => ({ stepNumber, completed })),
});

/** A small table of sessions; `own` is the one whose token the reader holds. */
export function SessionTable({ sessions, courses, own = null }) {
  const words = SESSIONS.columns;
  return html`<${Table} label=${SESSIONS.title} rows=${sessions} columns=${[
    { name: "course", label: words.course, cell: (session) => html`<bdi>${courses.get(session.course_id)?.name ?? session.course_id}</bdi> ${session === own && html`<${Badge} kind="info">${SESSIONS.this}<//>`}` },
    { name: "step", label: words.step, num: true, className: "hide-s", cell: (session) => SESSIONS.step(session.current_step) },
    { name: "done", label: words.done, num: true, cell: (session) => `${session.completion_rate} %` },
  ]} />`;
}

/** @param {{lookup: {studentId?: string, studentEmail?: string}}} props */
export function ShareView({ lookup }) {
  const load = useCallback((signal) => loadShared(lookup, signal), [lookup.studentId, lookup.studentEmail]);
  const live = useLive(load, { interval: REFRESH_MS });
  const now = useNow();
  const [session, ...others] = (live.data?.sessions ?? []).map(sharedFields);
  const course = session && live.data.courses.get(session.course_id);
  const steps = course ? stepsOf(course, session) : [];
  const counts = countsOf(steps);
  const current = course ? currentStep(steps) : null;
  const title = !course ? null : current === null ? SHARED.finished(counts.all) : counts.begun ? SHARED.at(current, counts.all) : SHARED.begin(counts.all);
  useEffect(() => {
    if (title) document.title = `${title} – Stepwise`;
  }, [title]);
  return html`<div class="flow loose">
    ${live.state === "loading" && html`<${Loading} label=${SHARED.loading} />`}
    ${live.state === "failed" && html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />`}
    ${live.state === "stale" && html`<${StaleNote} live=${live} now=${now} />`}
    ${live.data && !session && html`<h1>${SHARED.empty}</h1><${Empty} title=${SHARED.empty} action=${html`<a class="btn" href="/workshop">${SHARED.open}</a>`}>${SHARED.emptyHint}<//>`}
    ${course && html`
      <div class="flow tight"><h1>${title}</h1><p class="soft"><bdi>${SHARED.about(course.name)}</bdi></p></div>
      <${Steps} title=${STEPS.shared} steps=${steps} current=${current} counts=${counts} />
      ${others.length > 0 && html`<section class="card flow tight"><h2>${SESSIONS.others(others.length)}</h2><${SessionTable} sessions=${others.slice(0, 20)} courses=${live.data.courses} /></section>`}
      <p class="soft small">${SHARED.own} <a href="/workshop">${SHARED.open}</a></p>`}
  </div>`;
}
