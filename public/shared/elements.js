// The elements that every page is built from.
import { html, useEffect, useId, useRef, useState } from "./html.js";
import { LOGIN, NAV, explain, staleLine } from "./texts.js";

const LOGO = html`<svg viewBox="0 0 32 32" aria-hidden="true">
  <rect class="dot" width="32" height="32" rx="8" /><path class="logo" d="M7 25v-5h6v-5h6v-5h6v15z" />
</svg>`;

/** The bar at the top; `current` is the path of the page, `children` come at the end of the bar. */
export function AppBar({ current, links = NAV, children }) {
  return html`<header class="top">
    <nav class="bar" aria-label="Pages">
      <a class="brand" href="/">${LOGO}Stepwise</a>
      <span class="links">
        ${links.map(([path, name]) => html`<a key=${path} href=${path} aria-current=${path === current ? "page" : null}>${name}</a>`)}
      </span>
      ${children && html`<span class="push row nw small">${children}</span>`}
    </nav>
  </header>`;
}

/** A whole page: the skip link, the bar and `main`. `size` is "", "wide" or "read". */
export function Page({ current, links, bar, size = "", children }) {
  return html`<a class="skip" href="#main">Skip to content</a>
    <${AppBar} current=${current} links=${links}>${bar}<//>
    <main id="main" class=${`page ${size}`} tabindex="-1">${children}</main>`;
}

/** A message: `kind` is info, good, warn or bad; only a bad one is announced as an alert. */
export function Note({ kind = "info", fact, children, action }) {
  return html`<div class=${`note ${kind}`} role=${kind === "bad" ? "alert" : "status"}>
    <p>${fact && html`<b>${fact}</b>`} ${children}</p>
    ${action}
  </div>`;
}

/** A problem in words, with the request's id if the server is at fault. */
export function ProblemNote({ problem, retry, now }) {
  const { fact, advice } = explain(problem, now);
  const id = problem.requestId && ["server", "busy"].includes(problem.kind);
  const button = retry && html`<button class="quiet" type="button" onClick=${retry}>Try again</button>`;
  return html`<${Note} kind="bad" fact=${fact} action=${button}>
    ${advice} ${id && html`If this keeps happening, give this reference to the operator of this site: <code>${problem.requestId}</code>`}
  <//>`;
}

/** The line above data that could not be refreshed. */
export function StaleNote({ live, now }) {
  const { fact, advice } = staleLine(live.problem, live.loadedAt, live.nextAt, now);
  const button = html`<button class="quiet" type="button" onClick=${live.reload}>Try now</button>`;
  return html`<${Note} kind="warn" fact=${fact} action=${button}>${advice}<//>`;
}

/** A state in words with a sign; the sign is not read aloud. */
export function Badge({ kind = "", sign, children }) {
  return html`<span class=${`badge ${kind}`}>${sign && html`<span aria-hidden="true">${sign}</span>`}${children}</span>`;
}

/** An empty state: `title` says what is missing, `children` what to do; `level` is the element of the heading. */
export function Empty({ title, level: Heading = "h3", children, action }) {
  return html`<div class="empty"><${Heading}>${title}<//><p class="soft">${children}</p>${action && html`<div class="row mid">${action}</div>`}</div>`;
}

/** Placeholder bars while data load; they appear after 300 ms. */
export function Loading({ label, rows = 4 }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return html`<p class="vh" role="status">${label}</p>`;
  return html`<div class="flow">
    <p role="status" class="soft small">${label}</p>
    <div class="flow tight" aria-hidden="true">${Array.from({ length: rows }, (_, n) => html`<div class="skel" key=${n} />`)}</div>
  </div>`;
}

/** A count that filters when clicked. */
export function Count({ value, label, hint, warn, pressed, onClick }) {
  return html`<button type="button" class=${`count ${warn ? "warn" : ""}`} aria-pressed=${String(pressed)} onClick=${onClick}>
    <b>${value}</b> ${label}<small>${hint}</small>
  </button>`;
}

/** A field with label, hint and error; `children(props)` renders its control with the given props. */
export function Field({ label, hint, error, short, children }) {
  const id = useId();
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || null;
  return html`<div class=${`field ${short ? "short" : ""}`}>
    <label for=${id}>${label}</label>
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${children({ id, "aria-describedby": describedBy, "aria-invalid": error ? "true" : null })}
    ${error && html`<p class="error" id=${`${id}-error`}>${error}</p>`}
  </div>`;
}

/** A button whose label changes while its action runs; it keeps the focus, since only `aria-disabled` is set. */
export function Action({ run, label, busyLabel, className = "", type = "button" }) {
  const [busy, setBusy] = useState(false);
  const act = async (event) => {
    if (busy) {
      event.preventDefault();
      return;
    }
    setBusy(true);
    try {
      await run(event);
    } finally {
      setBusy(false);
    }
  };
  return html`<button type=${type} class=${className} aria-disabled=${busy ? "true" : null} onClick=${act}>${busy ? busyLabel : label}</button>`;
}

/** The log-in form of a page; `check(password)` resolves when the password is right. */
export function LogInForm({ title, children, button, check }) {
  const [problem, setProblem] = useState(null);
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const input = useRef(null);
  const submit = async (event) => {
    event.preventDefault();
    const password = input.current.value;
    setMissing(!password);
    setProblem(null);
    if (!password || busy) {
      input.current.focus();
      return;
    }
    setBusy(true);
    try {
      await check(password);
    } catch (error) {
      setProblem(error);
      setBusy(false);
      input.current?.focus();
    }
  };
  const error = missing || problem?.kind === "credential" ? LOGIN.enter : null;
  return html`<section class="card flow" aria-labelledby="log-in">
    <h2 id="log-in">${title}</h2>
    ${children}
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    <form class="flow" onSubmit=${submit}>
      <${Field} label=${LOGIN.label} hint=${LOGIN.hint} error=${error}>
        ${(props) => html`<input ...${props} ref=${input} type="password" autocomplete="current-password" />`}
      <//>
      <button aria-disabled=${busy ? "true" : null}>${busy ? "Loading …" : button}</button>
    </form>
  </section>`;
}

/** A call as a person would send it by curl, with a button that copies it. */
export function CallLine({ title, command }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return html`<section class="card flow tight">
    <h2>${title}</h2>
    <pre tabindex="0" role="region" aria-label="curl call"><code>${command}</code></pre>
    <button type="button" class="quiet" onClick=${copy}>${copied ? "Copied" : "Copy"}</button>
  </section>`;
}
