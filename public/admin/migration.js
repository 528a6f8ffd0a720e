// The migration as a wizard: schema, dry run, real run, verification, clean-up, and the way back.
import { download, toCsv } from "../shared/csv.js";
import { TypedConfirmation } from "../shared/dialog.js";
import { Action, Badge, CallLine, Note, ProblemNote } from "../shared/elements.js";
import { number } from "../shared/format.js";
import { html, useEffect, useRef, useState } from "../shared/html.js";
import { Table } from "../shared/table.js";
import { STEPS, curlOf, doneSteps, irregular, obstacleOf, reportRows, sumOf, untilDone } from "./model.js";
import { MIGRATION, PAGE, STEP } from "./texts.js";

const PATHS = {
  schema: "/api/admin-create-unified-schema",
  migrate: "/api/admin-migrate-to-unified-schema",
  cleanUp: "/api/admin-cleanup-old-tables",
  restore: "/api/admin-restore-old-tables",
};

const callOf = {
  schema: () => curlOf("POST", PATHS.schema, { dropExisting: false }),
  dryRun: () => curlOf("POST", PATHS.migrate, { dryRun: true }),
  run: () => curlOf("POST", PATHS.migrate, { dryRun: false }),
  verify: () => curlOf("POST", PATHS.migrate, { dryRun: false }), // the run reports its verification
  cleanUp: () => curlOf("POST", PATHS.cleanUp, { confirmText: MIGRATION.cleanUp.word }),
};

function Steps({ step, done, onStep }) {
  return html`<ol class="wz" aria-label=${STEP.label}>
    ${STEPS.map((name, place) => html`<li key=${name}><button type="button" class="plain" aria-current=${name === step ? "step" : null} onClick=${() => onStep(name)}>
      <i class="cell" aria-hidden="true" data-s=${done[name] ? "d" : name === step ? "v" : ""} data-now=${name === step ? "yes" : null}>${done[name] ? "✓" : place + 1}</i> ${STEP[name]}${done[name] && html`<span class="vh">, ${STEP.done}</span>`}
    </button></li>`)}
  </ol>`;
}

function Preflight({ preflight }) {
  const lines = [...preflight.remarks];
  if (preflight.elsewhere.length) lines.push(MIGRATION.elsewhere(preflight.elsewhere));
  if (!lines.length) return null;
  return html`<${Note} kind="warn" fact=${MIGRATION.preflight}><ul>${lines.map((line) => html`<li key=${line}>${line}</li>`)}</ul><//>`;
}

function Report({ report, heading }) {
  const sum = sumOf(report);
  const groups = irregular(report);
  const words = MIGRATION.columns;
  const parts = ["created", "merged", "unchanged", "notMoved"];
  const cell = (name) => ({ name, label: words[name], num: true, cell: (row) => number(row[name === "notMoved" ? "skipped" : name]) });
  return html`
    <section class="card hero flow">
      <h2 tabindex="-1" data-heading>${sum.rows.length ? heading(sum.moved, sum.read) : MIGRATION.dryRun.nothing}</h2>
      ${sum.rows.length > 0 && html`<p class="eq num"><span><b>${number(sum.read)}</b> ${MIGRATION.sum.read}</span>
        ${parts.map((name, place) => html`<span key=${`s${name}`} aria-hidden="true">${place ? "+" : "="}</span><span key=${`v${name}`} class="vh">${place ? "plus" : "equals"}</span><span key=${name} class=${name === "notMoved" && sum.notMoved ? "bad" : ""}><b>${number(sum[name])}</b> ${MIGRATION.sum[name]}</span>`)}
      </p>
      <div class="scroll" tabindex="0" role="region" aria-label=${MIGRATION.tables}>
        <${Table} label=${MIGRATION.tables} rows=${sum.rows} rowKey=${(row) => row.table} columns=${[
          { name: "table", label: words.table, className: "mono", cell: (row) => row.table },
          { name: "read", label: words.read, num: true, cell: (row) => number(row.read) },
          ...parts.map(cell),
        ]} />
      </div>`}
    </section>
    ${report.preflight && html`<${Preflight} preflight=${report.preflight} />`}
    <section class="card flow"><h2>${MIGRATION.irregular}</h2>
      ${groups.length === 0
        ? html`<p class="soft">${MIGRATION.regular}</p>`
        : html`<${Table} label=${MIGRATION.irregular} rows=${groups} columns=${[
            { name: "what", label: MIGRATION.groups.what, className: "line", cell: (group) => group.reason },
            { name: "rows", label: MIGRATION.groups.rows, num: true, cell: (group) => number(group.rows) },
            { name: "field", label: MIGRATION.groups.field, className: "line mono soft small", cell: (group) => `${group.source}.${group.field}` },
            { name: "state", label: MIGRATION.groups.state, cell: (group) => html`<${Badge} kind=${group.state === "decide" ? "warn" : group.state === "repaired" ? "good" : ""}>${MIGRATION.states[group.state] ?? group.state}<//>` },
          ]} />
          <div class="row"><button type="button" class="quiet" onClick=${() => download("migration-report.csv", toCsv(reportRows(report)))}>${MIGRATION.download}</button></div>`}
    </section>`;
}

function Verification({ run }) {
  const words = MIGRATION.verify;
  if (!run?.done) return html`<section class="card flow"><h2>${words.title}</h2><p class="soft">${words.none}</p></section>`;
  const { verified, whyNot, before, after } = run.verification;
  return html`<section class="card flow"><h2>${words.title}</h2>
    <${Note} kind=${verified ? "good" : "bad"} fact=${verified ? words.yes : words.no}>${whyNot.length > 0 && html`<ul>${whyNot.map((line) => html`<li key=${line}>${line}</li>`)}</ul>`}<//>
    <${Table} label=${words.title} rows=${Object.keys(words.rows)} rowKey=${(name) => name} columns=${[
      { name: "what", label: words.columns.what, cell: (name) => words.rows[name] },
      { name: "before", label: words.columns.before, num: true, cell: (name) => number(before[name]) },
      { name: "after", label: words.columns.after, num: true, cell: (name) => number(after[name]) },
    ]} />
  </section>`;
}

function Lines({ lines }) {
  return html`<${Note} kind="good"><ul>${lines.map((line) => html`<li key=${line}>${line}</li>`)}</ul><//>`;
}

function CleanUp({ api, result, onResult, fail }) {
  const [confirming, setConfirming] = useState(false);
  const [lines, setLines] = useState(null);
  const words = MIGRATION.cleanUp;
  const restore = async () => {
    fail(null);
    try {
      setLines((await api("POST", PATHS.restore, { body: {} })).results);
      onResult(null);
    } catch (failure) {
      fail(failure);
    }
  };
  return html`<section class="card flow"><h2>${words.title}</h2><p class="soft">${words.what}</p>
    ${lines && html`<${Lines} lines=${lines} />`}
    ${result && html`<${Lines} lines=${result.results} />
      <p>${words.only(result.rowsOnlyInOldTables)}</p>
      <details><summary>${words.sql}</summary><pre tabindex="0" role="region" aria-label=${words.sql}><code>${result.permanentDeletionSQL}</code></pre></details>`}
    <div class="row"><button type="button" class="danger" onClick=${() => setConfirming(true)}>${words.open}</button>
      <${Action} className="quiet" label=${words.restore} busyLabel=${words.restoring} run=${restore} /></div>
    ${confirming && html`<${TypedConfirmation} title=${words.confirm} what=${words.confirmWhat} word=${words.word} button=${words.button}
      run=${() => api("POST", PATHS.cleanUp, { body: { confirmText: words.word } })}
      onDone=${(done) => { setLines(null); onResult(done); setConfirming(false); }} onClose=${() => setConfirming(false)} />`}
  </section>`;
}

/** Panel of a step that a button starts. */
function Start({ words, busy, onStart, label, done = false, children }) {
  return html`<section class="card flow"><h2>${words.title}</h2><p class="soft">${words.what}</p>${children}
    ${busy && html`<progress max="100" value=${busy.percent} aria-label=${words.title} />`}
    <div class="row"><button type="button" class=${done ? "quiet" : "large"} aria-disabled=${busy ? "true" : null} onClick=${() => busy || onStart()}>${busy ? busy.label : label}</button></div>
  </section>`;
}

export function Migration({ api }) {
  const [results, setResults] = useState({});
  const [step, setStep] = useState("schema");
  const [busy, setBusy] = useState(null);
  const [problem, setProblem] = useState(null);
  const [unticked, setUnticked] = useState(false);
  const box = useRef(null);
  const addResult = (part) => setResults((old) => ({ ...old, ...part }));
  const go = (next) => {
    setProblem(null);
    setUnticked(false);
    setStep(next);
  };
  useEffect(() => document.querySelector("[data-heading]")?.focus(), [results.dryRun, results.run]);
  const attempt = async (work) => {
    setProblem(null);
    try {
      await work();
    } catch (failure) {
      setProblem(failure);
    }
    setBusy(null);
  };
  const create = () =>
    attempt(async () => {
      setBusy({ percent: null, label: MIGRATION.schema.busy });
      addResult({ schema: await api("POST", PATHS.schema, { body: { dropExisting: false } }) });
    });
  const migrate = (dryRun, more = {}) =>
    attempt(async () => {
      const words = dryRun ? MIGRATION.dryRun : MIGRATION.run;
      const progress = (percent) => setBusy({ percent, label: words.busy(percent) });
      let preflight = null; // only the first call of a dry run has it
      progress(0);
      const report = await untilDone(
        () => api("POST", PATHS.migrate, { body: { dryRun, ...more } }),
        (response) => {
          preflight ??= response.preflight;
          progress(response.progress.percent);
        },
      );
      addResult({ [dryRun ? "dryRun" : "run"]: { ...report, preflight } });
    });
  const done = doneSteps(results);
  const next = done[step] ? STEPS[STEPS.indexOf(step) + 1] : undefined;
  const obstacle = results.dryRun ? obstacleOf(results.dryRun) : null;
  const runForReal = () => {
    if (obstacle && !done.run && !box.current.checked) {
      setUnticked(true);
      box.current.focus();
      return;
    }
    setUnticked(false);
    migrate(false, obstacle === "keys" ? { acceptUnreadableKeys: true } : {});
  };
  const panel = {
    schema: () => html`<${Start} words=${MIGRATION.schema} busy=${busy} onStart=${create} label=${MIGRATION.schema.button} done=${done.schema}>${results.schema && html`<${Lines} lines=${results.schema.results} />`}<//>`,
    dryRun: () => html`${results.dryRun && html`<${Report} report=${results.dryRun} heading=${MIGRATION.dryRun.heading} />`}
      <${Start} words=${MIGRATION.dryRun} busy=${busy} onStart=${() => migrate(true)} label=${done.dryRun ? MIGRATION.dryRun.again : MIGRATION.dryRun.button} done=${done.dryRun} />`,
    run: () => html`${results.run && html`<${Report} report=${results.run} heading=${MIGRATION.run.heading} />`}
      ${results.dryRun
        ? html`<${Start} words=${MIGRATION.run} busy=${busy} onStart=${runForReal} label=${MIGRATION.run.button} done=${done.run}>
            ${obstacle && !done.run && html`<label class="row nw"><input ref=${box} type="checkbox" aria-invalid=${unticked ? "true" : null} aria-describedby=${unticked ? "unticked" : null} /><span>${obstacle === "keys" ? MIGRATION.run.acceptKeys(results.dryRun.preflight.keys.unreadable) : MIGRATION.run.accept(sumOf(results.dryRun).notMoved)}</span></label>`}
            ${unticked && html`<p class="error" id="unticked" role="alert">${MIGRATION.run.acceptFirst}</p>`}
          <//>`
        : html`<section class="card flow"><h2>${MIGRATION.run.title}</h2><p>${MIGRATION.run.first}</p><div class="row"><button type="button" onClick=${() => go("dryRun")}>${STEP.dryRun}</button></div></section>`}`,
    verify: () => html`<${Verification} run=${results.run} />`,
    cleanUp: () => html`<${CleanUp} api=${api} result=${results.cleanUp} onResult=${(cleanUp) => addResult({ cleanUp })} fail=${setProblem} />`,
  };
  return html`<div class="flow loose">
    <div><h2>${MIGRATION.title}</h2><p class="soft">${MIGRATION.lead}</p></div>
    <${Steps} step=${step} done=${done} onStep=${go} />
    <div class="split"><div class="flow">${problem && html`<${ProblemNote} problem=${problem} />`}${panel[step]()}</div>
      <aside class="flow">
        ${next && html`<section class="card flow tight"><h2>${MIGRATION.next(STEP[next])}</h2><p class="soft small">${MIGRATION[next].what ?? ""}</p><div class="row"><button type="button" onClick=${() => go(next)}>${MIGRATION.goOn(STEP[next])}</button></div></section>`}
        <${CallLine} title=${PAGE.call} command=${callOf[step]()} /></aside></div>
  </div>`;
}
