// The test page: how a test begins, goes on after a reload, and ends; and the tests over time.
import { apiWith } from "../shared/api.js";
import { Field, Loading, Note, Page, ProblemNote } from "../shared/elements.js";
import { html, lazy, render, useEffect, useRef, useState } from "../shared/html.js";
import { isLocal } from "../shared/login.js";
import { startTest } from "./calls.js";
import { ticketIn } from "./model.js";
import { forgetCurrent, readTests, rememberTest, visitor } from "./stored.js";
import { Taking } from "./taking.js";
import { CLOSED, GONE, INTRO, LINKS, startProblem } from "./texts.js";

const History = lazy(() => import("./history.js"), "History");
const Result = lazy(() => import("./result.js"), "Result");
const api = apiWith(null);
const TESTS = "#tests";
const RESULT = "#result";

/** The view that the address names: a ticket, a pool, the tests of this browser, or the result of the last test. */
function readAddress() {
  return { ticket: ticketIn(location.hash), poolId: new URLSearchParams(location.search).get("pool"), tests: location.hash === TESTS, result: location.hash === RESULT };
}

/** The pools that the local server offers to everybody; a deployment offers none. */
function usePools(enabled) {
  const [pools, setPools] = useState(null);
  useEffect(() => {
    if (!enabled) return;
    if (!isLocal(location.hostname)) {
      setPools([]);
      return;
    }
    api("GET", "/api/pools").then((reply) => setPools(reply.pools), () => setPools([]));
  }, [enabled]);
  return pools;
}

function StartProblem({ problem }) {
  const words = startProblem(problem);
  if (!words) return html`<${ProblemNote} problem=${problem} />`;
  return html`<${Note} kind="bad" fact=${words[0]}>${words[1]}<//>`;
}

/** The button that starts a test. However often it is pressed, it starts one test only. */
function Start({ body, className = "large", label = INTRO.start, describedBy = null, onStarted, onProblem }) {
  const [busy, setBusy] = useState(false);
  const key = useRef(crypto.randomUUID());
  const press = async () => {
    if (busy) return;
    setBusy(true);
    onProblem(null);
    try {
      const newTest = await startTest(api, body(), key.current);
      onStarted({ sessionId: newTest.session_id, studentId: newTest.student_id });
    } catch (problem) {
      onProblem(problem);
      setBusy(false);
    }
  };
  return html`<button type="button" class=${className} aria-disabled=${busy ? "true" : null} aria-describedby=${describedBy} onClick=${press}>${busy ? INTRO.starting : label}</button>`;
}

function Rules() {
  return html`<div class="soft"><ul>${INTRO.rules.map((rule) => html`<li key=${rule}>${rule}</li>`)}</ul></div>`;
}

function TicketForm({ onTicket }) {
  const [missing, setMissing] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    const field = event.target.elements.ticket;
    const ticket = ticketIn(field.value);
    setMissing(!ticket);
    if (ticket) onTicket(ticket);
    else field.focus();
  };
  return html`<section class="card flow">
    <h2>${INTRO.ticketTitle}</h2>
    <form class="flow" onSubmit=${submit}>
      <${Field} label=${INTRO.ticketLabel} hint=${INTRO.ticketHint} error=${missing ? INTRO.ticketMissing : null}>
        ${(props) => html`<input ...${props} name="ticket" autocomplete="off" spellcheck=${false} />`}
      <//>
      <button class="quiet">${INTRO.ticketButton}</button>
    </form>
  </section>`;
}

function Intro({ address, note, hasTests, onStarted, onTicket }) {
  const [problem, setProblem] = useState(null);
  const { ticket, poolId } = address;
  const isRefused = Boolean(problem?.code?.startsWith("ticket_")); // this ticket will start nothing
  const ready = Boolean(ticket || poolId) && !isRefused;
  const pools = usePools(!ticket && !poolId);
  const body = (pool) => (ticket ? { ticket } : { student_id: visitor(), question_pool_id: pool });
  const handlers = { onStarted, onProblem: setProblem };
  return html`<${Page} links=${LINKS} current="/test" size="read">
    <div class="flow loose">
      ${note && html`<${Note} kind="warn" fact=${note[0]}>${note[1]}<//>`}
      <div class="flow"><h1>${ready ? INTRO.readyTitle : INTRO.title}</h1><p>${INTRO.about}</p><${Rules} /></div>
      ${problem && html`<${StartProblem} key="problem" problem=${problem} />`}
      ${ready && html`<p><${Start} key=${ticket ?? poolId} body=${() => body(poolId)} ...${handlers} /></p>`}
      ${!ticket && !poolId && pools === null && html`<${Loading} label=${INTRO.loading} rows=${2} />`}
      ${pools?.length > 0 && html`<section class="flow"><h2>${INTRO.pools}</h2>
        ${pools.map((pool) => html`<div class="card row" key=${pool.id}>
          <div class="grow"><h3><bdi>${pool.name ?? INTRO.title}</bdi></h3><p class="small soft" id=${pool.id}>${INTRO.pool(pool.question_count, pool.concept_names)}</p></div>
          <${Start} body=${() => body(pool.id)} className="" describedBy=${pool.id} ...${handlers} />
        </div>`)}
      </section>`}
      ${!ready && pools?.length === 0 && html`<p class="soft">${INTRO.noPools}</p>`}
      ${(!ticket || isRefused) && html`<${TicketForm} onTicket=${(next) => {
        setProblem(null);
        onTicket(next);
      }} />`}
      ${hasTests && html`<p><a href=${TESTS}>${INTRO.earlier}</a></p>`}
    </div>
  <//>`;
}

function Closed({ test, onResult, onAgain }) {
  const heading = useRef(null);
  const [facts, setFacts] = useState(null);
  useEffect(() => {
    heading.current.focus();
    document.title = `${CLOSED.title(null)} – Stepwise`;
    const headers = { "X-Session-Id": test.sessionId };
    api("GET", `/api/student/${encodeURIComponent(test.studentId)}/history`, { headers }).then(({ test_sessions: [one] }) => setFacts(one), () => {});
  }, [test.sessionId]);
  const idle = !facts || facts.status === "active" || facts.end_reason === "expired";
  const wasReset = facts?.end_reason === "reset";
  const hasResult = facts?.total_questions > 0 && !wasReset;
  return html`<${Page} links=${LINKS} current="/test" size="read">
    <div class="flow loose">
      <div class="flow">
        <h1 tabindex="-1" ref=${heading}>${CLOSED.title(facts?.completed_at ?? null)}</h1>
        <p>${idle ? CLOSED.idle : CLOSED.over} ${facts && html`<b>${wasReset ? CLOSED.reset : CLOSED.saved(facts.total_questions)}</b>`}</p>
      </div>
      <section class="card flow">
        <h2>${CLOSED.what}</h2>
        <div class="row">
          ${hasResult && html`<button type="button" class="large" onClick=${onResult}>${CLOSED.result}</button>`}
          <button type="button" class=${`large ${hasResult ? "quiet" : ""}`} onClick=${onAgain}>${CLOSED.again}</button>
        </div>
        <p class="soft small">${CLOSED.hint}</p>
      </section>
    </div>
  <//>`;
}

function TestPage() {
  const [address, setAddress] = useState(readAddress);
  const [view, setView] = useState(() => {
    const { current } = readTests();
    if (address.tests) return { name: "tests" };
    const [last] = readTests().tests;
    if (address.result && last) return { name: "result", test: last };
    return current && !address.ticket && !address.poolId ? { name: "taking", test: current, resumed: true } : { name: "intro" };
  });
  useEffect(() => {
    const read = () => {
      const next = readAddress();
      setAddress(next);
      if (next.tests) setView({ name: "tests" });
      else if (next.ticket) setView({ name: "intro" });
      else if (!next.result) setView((old) => (["tests", "result"].includes(old.name) ? { name: "intro" } : old));
    };
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  const cleanAddress = (hash = "") => {
    history.replaceState(null, "", `${location.pathname}${hash}`);
    setAddress(readAddress());
  };
  const showTest = (test) => {
    rememberTest(test);
    cleanAddress(); // so that a reload resumes the test, and no screenshot shows the ticket
    setView({ name: "taking", test, resumed: false });
  };
  const leave = (next) => () => {
    if (view.test) forgetCurrent(view.test.sessionId);
    cleanAddress(next.name === "result" ? RESULT : "");
    setView({ ...next, test: view.test });
  };
  const { tests } = readTests();
  if (view.name === "tests") return html`<${History} tests=${tests} onForget=${() => setView({ name: "tests" })} />`;
  if (view.name === "result") return html`<${Result} test=${view.test} tests=${tests} />`;
  if (view.name === "closed") return html`<${Closed} test=${view.test} onResult=${leave({ name: "result" })} onAgain=${leave({ name: "intro" })} />`;
  if (view.name === "taking")
    return html`<${Taking} key=${view.test.sessionId} test=${view.test} resumed=${view.resumed}
      onOver=${leave({ name: "result" })} onClosed=${leave({ name: "closed" })} onGone=${leave({ name: "intro", note: GONE })} />`;
  return html`<${Intro} address=${address} note=${view.note} hasTests=${tests.length > 0} onStarted=${showTest}
    onTicket=${(ticket) => setAddress({ ticket, poolId: null, tests: false })} />`;
}

render(html`<${TestPage} />`, document.getElementById("app"));
