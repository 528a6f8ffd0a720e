// The instructor's dashboard: who is where in a course, who is stuck, and since when.
import { apiWith } from "../shared/api.js";
import { download, toCsv } from "../shared/csv.js";
import { Badge, Count, Empty, Field, Loading, LogInForm, Note, Page, ProblemNote, StaleNote } from "../shared/elements.js";
import { duration } from "../shared/format.js";
import { html, lazy, render, useCallback, useEffect, useMemo, useRef, useState } from "../shared/html.js";
import { REFRESH_MS, useLive, useNow } from "../shared/live.js";
import { isLocal, useLogin } from "../shared/login.js";
import { useRowsAtATime } from "../shared/table.js";
import { Legend, Matrix } from "./matrix.js";
import { STATUSES, countsOf, exported, filtered, funnelOf, merged, nextQuery, ordered, readHash, rowOf, writeHash } from "./model.js";
import { LOGIN, SORTS, STATUS, TITLE, WORDS } from "./texts.js";

const RosterDialog = lazy(() => import("../roster/roster.js"), "RosterDialog");
const StudentDialog = lazy(() => import("./student.js"), "StudentDialog");
const PATH = "/instructor-dashboard";
const CLASS_PATH = "/api/class-progress";
const NEXT_PAGE_MS = 20;
const TICK_MS = 5000;

/** The filter and order of the students, which are also in the hash of the page's URL. */
function useView() {
  const [view, setView] = useState(() => readHash(location.hash));
  const change = (part) =>
    setView((old) => {
      const next = { ...old, ...part };
      history.replaceState(null, "", `${location.pathname}${writeHash(next)}`);
      return next;
    });
  useEffect(() => {
    const read = () => setView(readHash(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return [view, change];
}

/** The students of a course, refreshed with what has changed; pages follow one another without a pause. */
function useClass(api, courseId, { paused, enabled }) {
  const load = useCallback(
    async (signal, last) => {
      const query = nextQuery(last, { courseId, now: Date.now() });
      return merged(last, query, await api("GET", CLASS_PATH, { query, signal }), Date.now());
    },
    [api, courseId],
  );
  const [unfinished, setUnfinished] = useState(false);
  const live = useLive(enabled ? load : null, { paused: paused && !unfinished, interval: unfinished ? NEXT_PAGE_MS : REFRESH_MS });
  useEffect(() => setUnfinished(Boolean(live.data && (live.data.nextCursor !== null || live.data.reload))), [live.data]);
  return live;
}

/** Courses, and the class's median seconds for each step. */
function useFigures(api, courseId, enabled) {
  const load = useCallback((signal) => api("GET", "/api/workshop-analytics", { query: { courseId, limit: 200 }, signal }), [api, courseId]);
  const { data } = useLive(enabled ? load : null, { interval: null });
  return useMemo(
    () => ({
      courses: data?.courses ?? [],
      medians: new Map((data?.steps ?? []).map((step) => [step.stepNumber, step.medianSeconds])),
    }),
    [data],
  );
}

function Hands({ rows, onShow }) {
  const raisedHands = rows.filter((row) => row.helpSeconds !== null).sort((a, b) => b.helpSeconds - a.helpSeconds);
  if (!raisedHands.length) return null;
  const button = html`<button type="button" class="quiet" onClick=${onShow}>${WORDS.showFirst}</button>`;
  return html`<${Note} kind="warn" fact=${WORDS.hands(raisedHands.length)} action=${button}>
    ${raisedHands.slice(0, 5).map((row, place) => html`<span key=${row.key}>${place ? ", " : " "}<bdi>${row.name}</bdi>${WORDS.hand(row.frontier, duration(row.helpSeconds))}</span>`)}
    ${raisedHands.length > 5 ? ", …" : "."}
  <//>`;
}

function Filters({ view, change, search, setSearch, courses, rows, onExport, onImport }) {
  return html`<form class="row end" role="search" aria-label=${WORDS.students} onSubmit=${(event) => event.preventDefault()}>
    <${Field} label=${WORDS.search}>
      ${(props) => html`<input ...${props} type="search" placeholder=${WORDS.searchHint} value=${search} data-search autocomplete="off" onInput=${(event) => setSearch(event.target.value)} />`}
    <//>
    ${courses.length > 1 && html`<${Field} label=${WORDS.course} short>
      ${(props) => html`<select ...${props} value=${view.courseId ?? courses[0].courseId} onChange=${(event) => change({ courseId: event.target.value })}>
        ${courses.map((course) => html`<option key=${course.courseId} value=${course.courseId}>${course.name}</option>`)}
      </select>`}
    <//>`}
    <${Field} label=${WORDS.status} short>
      ${(props) => html`<select ...${props} value=${view.status ?? ""} onChange=${(event) => change({ status: event.target.value || null })}>
        <option value="">${WORDS.all}</option>
        ${STATUSES.map((status) => html`<option key=${status} value=${status}>${STATUS[status].label}</option>`)}
      </select>`}
    <//>
    <${Field} label=${WORDS.sort} short>
      ${(props) => html`<select ...${props} value=${view.order.name} onChange=${(event) => change({ order: { name: event.target.value, descending: false } })}>
        ${Object.entries(SORTS).map(([name, label]) => html`<option key=${name} value=${name}>${label}</option>`)}
      </select>`}
    <//>
    <button type="button" class="quiet push" onClick=${onImport}>${WORDS.import}</button>
    <button type="button" class="quiet" onClick=${onExport}>${WORDS.export(rows.length)}</button>
  </form>`;
}

function Students({ all, steps, view, change, courses, onOpen, onImport, minute, expectedCount }) {
  const [search, setSearch] = useState("");
  const rows = useMemo(() => ordered(filtered(all, { status: view.status, search }), view.order), [all, view.status, view.order, search]);
  const funnel = useMemo(() => funnelOf(all, steps.length), [all, steps.length]);
  const { visibleRows, more } = useRowsAtATime(rows);
  const otherCount = rows.length === 0 && view.status ? filtered(all, { search }).length : 0;
  const save = () => download("students.csv", toCsv(exported(rows, steps)));
  const reset = () => (view.status ? change({ status: null }) : setSearch(""));
  return html`<section class="card flow" aria-labelledby="students">
    <div class="row"><h2 id="students">${WORDS.students}</h2><div class="push"><${Legend} /></div></div>
    <${Filters} view=${view} change=${change} search=${search} setSearch=${setSearch} courses=${courses} rows=${rows} onExport=${save} onImport=${onImport} />
    ${rows.length === 0
      ? html`<${Empty} title=${WORDS.noMatch(view.status && STATUS[view.status].label, search)} action=${html`<button type="button" class="quiet" onClick=${reset}>${view.status ? WORDS.showAll : WORDS.clear}</button>`}>${WORDS.elsewhere(otherCount)}<//>`
      : html`<${Matrix} rows=${visibleRows} all=${all} steps=${steps} funnel=${funnel} order=${view.order} onSort=${(order) => change({ order })} onOpen=${onOpen} minute=${minute} />`}
    ${more && html`<div class="row mid">${more}</div>`}
    <p class="soft small" role="status">
      ${expectedCount ? WORDS.loadingRest(all.length, expectedCount) : WORDS.rowCount(rows.length, all.length)}
      ${funnel.drop && ` ${WORDS.drop(funnel.drop.lost, funnel.drop.from, funnel.drop.to)}`}
    </p>
  </section>`;
}

function Dashboard({ live, api, view, change, now }) {
  const data = live.data;
  // The middle of the current minute: rows that show ages are rendered again only when it changes.
  const minute = Math.floor((now + data.clockOffset) / 60_000) * 60_000 + 30_000;
  const [open, setOpen] = useState(null);
  const [importing, setImporting] = useState(false);
  const importRoster = () => setImporting(true);
  const figures = useFigures(api, view.courseId, true);
  const all = useMemo(() => [...data.students.values()].map((student) => rowOf(student, now + data.clockOffset)), [data.students, minute]);
  const counts = useMemo(() => countsOf(all), [all]);
  const openRow = open && all.find((row) => row.key === open);
  const expectedCount = data.nextCursor === null ? null : data.totalStudents;
  const press = (status) => change({ status: view.status === status ? null : status });
  return html`<div class="flow">
    <div><h1>${data.courseName}</h1><p class="soft">${WORDS.subtitle(data.totalStudents, data.steps.length)}</p></div>
    ${live.state === "stale" && html`<${StaleNote} live=${live} now=${now} />`}
    <div class="counts" role="group" aria-label="Filter by status">
      ${STATUSES.map((status) => html`<${Count} key=${status} value=${counts[status]} label=${STATUS[status].label} hint=${STATUS[status].hint} warn=${status === "stuck" && counts.stuck > 0} pressed=${view.status === status} onClick=${() => press(status)} />`)}
    </div>
    <${Hands} rows=${all} onShow=${() => change({ status: "stuck", order: { name: "help", descending: false } })} />
    ${all.length === 0
      ? html`<${Empty} title=${WORDS.nobody} action=${html`<button type="button" class="quiet" onClick=${importRoster}>${WORDS.import}</button>`}>${WORDS.nobodyHint}<//>`
      : html`<${Students} all=${all} steps=${data.steps} view=${view} change=${change} courses=${figures.courses} onOpen=${(row) => setOpen(row.key)} onImport=${importRoster} minute=${minute} expectedCount=${expectedCount} />`}
    ${importing && html`<${RosterDialog} api=${api} courseId=${view.courseId} onDone=${live.reload} onClose=${() => setImporting(false)} />`}
    ${openRow && html`<${StudentDialog} key=${openRow.key} api=${api} row=${openRow} steps=${data.steps} medians=${figures.medians} now=${now + data.clockOffset} onClose=${() => setOpen(null)} onChange=${live.reload} />`}
  </div>`;
}

function App() {
  const { api, bearerApi, password, logIn, logOut } = useLogin();
  const [view, change] = useView();
  const [paused, setPaused] = useState(false);
  const [enabled, setEnabled] = useState(password !== null || isLocal(location.hostname));
  const now = useNow(TICK_MS);
  const form = useRef(null);
  const live = useClass(api, view.courseId, { paused, enabled });
  const isRefused = live.state === "failed" && live.problem.kind === "credential";
  const check = async (enteredPassword) => {
    await apiWith(enteredPassword)("GET", CLASS_PATH, { query: { limit: 1 } });
    logIn(enteredPassword);
    setEnabled(true);
  };
  const leave = () => {
    logOut();
    setEnabled(false);
  };
  useEffect(() => {
    const search = (event) => {
      if (event.key !== "/" || event.target.closest("input, select, textarea, dialog")) return;
      event.preventDefault();
      document.querySelector("[data-search]")?.focus();
    };
    addEventListener("keydown", search);
    return () => removeEventListener("keydown", search);
  }, []);
  const inside = enabled && !isRefused && live.data !== null;
  const bar = inside
    ? html`<${Badge} kind=${live.state === "ready" && !paused ? "good" : "warn"} sign="●">${paused ? WORDS.paused : WORDS.live((now - live.loadedAt) / 1000)}<//>
        <button type="button" onClick=${() => setPaused(!paused)}>${paused ? WORDS.resume : WORDS.pause}</button>
        ${password !== null && html`<button type="button" onClick=${leave}>Log out</button>`}`
    : html`<button type="button" onClick=${() => form.current?.querySelector("input")?.focus()}>${LOGIN.open}</button>`;
  return html`<${Page} current=${PATH} bar=${bar} size="wide">
    ${(!enabled || isRefused) && html`<div class="flow" ref=${form}><h1>${TITLE}</h1>
      <${LogInForm} title=${LOGIN.title} button=${LOGIN.button} check=${check}><p class="soft">${LOGIN.about}</p><//></div>`}
    ${enabled && live.state === "loading" && html`<div class="flow"><h1>${TITLE}</h1><${Loading} label=${WORDS.loading} rows=${8} /></div>`}
    ${enabled && !isRefused && live.state === "failed" && html`<div class="flow"><h1>${TITLE}</h1><${ProblemNote} problem=${live.problem} retry=${live.reload} now=${now} /></div>`}
    ${inside && live.state !== "failed" && html`<${Dashboard} live=${live} api=${bearerApi} view=${view} change=${change} now=${now} />`}
  <//>`;
}

render(html`<${App} />`, document.getElementById("app"));
