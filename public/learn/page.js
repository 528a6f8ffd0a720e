// The study page: log-in, today, practice and progress of a student.
import { apiOf, logOut } from "../account/api.js";
import { forgetAccount, readAccount, storeAccount } from "../account/stored.js";
import { ACCOUNT } from "../account/texts.js";
import { Empty, Loading, Note, Page, ProblemNote, StaleNote } from "../shared/elements.js";
import { html, lazy, render, useCallback, useEffect, useMemo, useState } from "../shared/html.js";
import { useLive, useNow } from "../shared/live.js";
import { dataOf } from "./data.js";
import { keepCopy } from "./install.js";
import { viewOf } from "./model.js";
import { SyncBadge, useCopy, useSync } from "./sync_state.js";
import { CLASS, DEVICE, ENTER, LINKS, ROLES, TODAY } from "./texts.js";
import { Today } from "./today.js";

const LeaveDialog = lazy(() => import("./device_card.js"), "LeaveDialog");
const Enter = lazy(() => import("../account/enter.js"), "Enter");
const Practice = lazy(() => import("./practice.js"), "Practice");
const Progress = lazy(() => import("./progress.js"), "Progress");
const REFRESH_MS = 300_000;

function useView() {
  const [view, setView] = useState(() => viewOf(location.hash));
  useEffect(() => {
    const read = () => setView(viewOf(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return view;
}

function Loaded({ live, now, children }) {
  if (live.data === null) {
    return html`<h1 class="vh">${TODAY.title}</h1>
      ${live.state === "failed" ? html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />` : html`<${Loading} label=${TODAY.loading} rows=${8} />`}`;
  }
  return html`<div class="flow loose">
    ${live.state === "stale" && html`<${StaleNote} live=${live} now=${now} />`}
    ${live.state === "failed" && html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />`}
    ${children(live.data)}
  </div>`;
}

/** Warnings: there is no copy in this browser, or the server cannot be reached. */
function Notes({ reason, asOf, onRetry }) {
  const noCopy = DEVICE.noCopy[reason];
  const [fact, about] = asOf ? DEVICE.asOf(asOf) : [];
  return html`
    ${noCopy && html`<${Note} kind="warn" fact=${noCopy[0]}>${noCopy[1]}<//>`}
    ${asOf && html`<${Note} kind="warn" fact=${fact} action=${html`<button class="quiet" type="button" onClick=${onRetry}>${DEVICE.tryAgain}</button>`}>${about}<//>`}`;
}

/** The page of a student who is logged in; `note` is a warning above its content, or null. */
function Study({ account, api, note, onLeave }) {
  const view = useView();
  const now = useNow(10_000);
  const own = useCopy(api, account);
  const [unsupported, setUnsupported] = useState(false); // `make device` serves this page, too, but does the synchronising itself
  const [opened, copy] = unsupported ? [null, null] : [own.opened, own.copy];
  const [leaving, setLeaving] = useState(false);
  const data = useMemo(() => dataOf(api, account.username, opened, own.lose), [api, opened]);
  const load = useCallback((signal) => data.overview(signal), [data]);
  const live = useLive(own.phase === "opening" ? null : load, { interval: REFRESH_MS, paused: view.name === "practise" && view.topicId !== null });
  const practising = view.name === "practise" && view.topicId !== null;
  const sync = useSync(data, copy, practising ? () => {} : live.reload);
  useEffect(() => {
    if (sync.problem?.kind === "missing") setUnsupported(true);
  }, [sync.problem]);
  const leave = async () => {
    await copy?.leave();
    onLeave();
  };
  const bar = html`<${SyncBadge} sync=${sync} loadedAt=${live.loadedAt} problem=${live.problem} />
    <button type="button" title=${ACCOUNT.loggedIn(account.username)} onClick=${() => (sync.pending ? setLeaving(true) : leave())}>${ACCOUNT.logOut}</button>`;
  const current = view.name === "today" ? "/learn" : `/learn#${view.name}`;
  useEffect(() => {
    scrollTo(0, 0);
  }, [view]);
  const content = (overview) => {
    if (view.name === "practise") {
      return html`<${Practice} key=${view.topicId} topicId=${view.topicId} data=${data} overview=${overview} onAnswer=${sync.refresh} onDone=${live.reload} />`;
    }
    if (view.name === "progress") return html`<${Progress} overview=${overview} />`;
    return html`<${Today} overview=${overview} data=${data} now=${now} sync=${sync} copy=${copy} onChange=${live.reload} />`;
  };
  return html`<${Page} links=${LINKS} current=${current} bar=${bar} size=${practising ? "read" : ""}>
    ${note && html`<${Note} kind="warn">${note}<//>`}
    <div class="flow loose">
      <${Notes} reason=${own.reason} asOf=${practising ? null : live.data?.asOf} onRetry=${live.reload} />
      <${Loaded} live=${live} now=${now}>${content}<//>
    </div>
    ${leaving && html`<${LeaveDialog} sync=${sync} copy=${copy} onLeave=${leave} onClose=${() => setLeaving(false)} />`}
  <//>`;
}

function LearnPage() {
  const [account, setAccount] = useState(readAccount);
  const [over, setOver] = useState(false);
  const [note, setNote] = useState(null);
  const end = (lost) => {
    forgetAccount(account);
    setOver(lost);
    setNote(null);
    setAccount(null);
  };
  const api = useMemo(() => account && apiOf(account, () => end(true)), [account]);
  const enter = async (next, code) => {
    storeAccount(next);
    if (code) {
      const joined = await apiOf(next, () => {})("POST", "/api/learning/classes/join", { body: { code } }).then(() => true, () => false);
      setNote(joined ? null : CLASS.notJoined);
    }
    setOver(false);
    setAccount(next);
  };
  const leave = () => {
    logOut(api, account);
    end(false);
  };
  if (account === null) return html`<${Page} links=${LINKS} current="/learn"><${Enter} role="student" words=${ENTER} over=${over} onEnter=${enter} /><//>`;
  if (account.role !== "student") {
    return html`<${Page} links=${LINKS} current="/learn" bar=${html`<button type="button" onClick=${leave}>${ACCOUNT.logOut}</button>`}>
      <h1 class="vh">${TODAY.title}</h1>
      <${Empty} level="h2" title=${ROLES.notStudent} action=${html`<a class="btn" href="/teach">${ROLES.toClasses}</a>`}>${ROLES.notStudentAbout(account.username)}<//>
    <//>`;
  }
  return html`<${Study} key=${account.access} account=${account} api=${api} note=${note} onLeave=${leave} />`;
}

keepCopy();
render(html`<${LearnPage} />`, document.getElementById("app"));
