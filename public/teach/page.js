// The class page: log-in, the classes of a teacher, and one of them in full.
import { apiOf, logOut } from "../account/api.js";
import { forgetAccount, readAccount, storeAccount } from "../account/stored.js";
import { ACCOUNT } from "../account/texts.js";
import { Badge, Empty, Loading, Page, ProblemNote, StaleNote } from "../shared/elements.js";
import { html, lazy, render, useCallback, useEffect, useMemo, useState } from "../shared/html.js";
import { useLive, useNow } from "../shared/live.js";
import { dataOf } from "./data.js";
import { classOf } from "./model.js";
import { ClassView } from "./class_view.js";
import { CLASS, ENTER, LINKS, PAGE, ROLES } from "./texts.js";

const Enter = lazy(() => import("../account/enter.js"), "Enter");
const NewClass = lazy(() => import("./new_class.js"), "NewClass");
const REFRESH_MS = 300_000;

function Picker({ classes, current }) {
  if (classes.length < 2) return null;
  const choose = (event) => {
    location.hash = `class=${event.target.value}`;
  };
  return html`<div class="field short"><label for="class">${PAGE.picker}</label>
    <select id="class" onChange=${choose}>${classes.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === current.id}>${name}</option>`)}</select></div>`;
}

/** The placeholder while data are loading, or the reason why they cannot be loaded. */
function Absent({ live, label }) {
  if (live.state === "failed") return html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />`;
  return html`<${Loading} label=${label} rows=${8} />`;
}

function Classes({ data, onState }) {
  const [hash, setHash] = useState(location.hash);
  const [creating, setCreating] = useState(false);
  const now = useNow(10_000);
  useEffect(() => {
    const read = () => setHash(location.hash);
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  const loadClasses = useCallback((signal) => data.classes(signal), [data]);
  const classes = useLive(loadClasses, { interval: REFRESH_MS });
  const current = classes.data && classOf(hash, classes.data);
  const id = current?.id ?? null;
  const load = useCallback((signal) => data.overview(id, signal), [data, id]);
  const live = useLive(id === null ? null : load, { interval: REFRESH_MS });
  useEffect(() => onState(live.loadedAt && PAGE.updated(live.loadedAt)), [live.loadedAt]);
  const change = () => {
    classes.reload();
    live.reload();
  };
  const showCreated = (ownClass) => {
    setCreating(false);
    classes.reload();
    location.hash = `class=${ownClass.id}`;
  };
  const create = html`<button type="button" class="quiet" onClick=${() => setCreating(true)}>${CLASS.create}</button>`;
  return html`<div class="flow loose">
    ${live.state === "stale" && html`<${StaleNote} live=${live} now=${now} />`}
    ${classes.data === null
      ? html`<h1 class="vh">${ENTER.title}</h1><${Absent} live=${classes} label=${PAGE.loadingClasses} />`
      : current === null
        ? html`<h1 class="vh">${ENTER.title}</h1><${Empty} level="h2" title=${PAGE.noClass} action=${create}>${PAGE.noClassAbout}<//>`
        : live.data === null
          ? html`<h1><bdi>${current.name}</bdi></h1><${Absent} live=${live} label=${PAGE.loading} />`
          : html`<${ClassView} key=${current.id} overview=${live.data} data=${data} onChange=${change}>
              <${Picker} classes=${classes.data} current=${current} />${create}
            <//>`}
    ${creating && html`<${NewClass} data=${data} onCreated=${showCreated} onClose=${() => setCreating(false)} />`}
  </div>`;
}

function TeachPage() {
  const [account, setAccount] = useState(readAccount);
  const [over, setOver] = useState(false);
  const [state, setState] = useState(null);
  const end = (lost) => {
    forgetAccount(account);
    setOver(lost);
    setState(null);
    setAccount(null);
  };
  const api = useMemo(() => account && apiOf(account, () => end(true)), [account]);
  const data = useMemo(() => api && dataOf(api), [api]);
  const enter = (next) => {
    storeAccount(next);
    setOver(false);
    setAccount(next);
  };
  if (account === null) return html`<${Page} links=${LINKS} current="/teach"><${Enter} role="teacher" words=${ENTER} over=${over} onEnter=${enter} /><//>`;
  const leave = () => {
    logOut(api, account);
    end(false);
  };
  const bar = html`${state && html`<${Badge} kind="good">${state}<//>`}<button type="button" title=${ACCOUNT.loggedIn(account.username)} onClick=${leave}>${ACCOUNT.logOut}</button>`;
  return html`<${Page} links=${LINKS} current="/teach" bar=${bar}>
    ${account.role === "student"
      ? html`<h1 class="vh">${ENTER.title}</h1><${Empty} level="h2" title=${ROLES.notTeacher} action=${html`<a class="btn" href="/learn">${ROLES.toStudy}</a>`}>${ROLES.notTeacherAbout(account.username)}<//>`
      : html`<${Classes} key=${account.access} data=${data} onState=${setState} />`}
  <//>`;
}

render(html`<${TeachPage} />`, document.getElementById("app"));
