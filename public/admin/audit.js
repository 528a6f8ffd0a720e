// The audit trail, and whether its chain is unbroken.
import { Badge, CallLine, Empty, Field, Loading, Note, ProblemNote } from "../shared/elements.js";
import { dateTime } from "../shared/format.js";
import { html, useEffect, useState } from "../shared/html.js";
import { Table } from "../shared/table.js";
import { curlOf, factsOf } from "./model.js";
import { AUDIT, PAGE } from "./texts.js";

const PATH = "/api/admin-audit";
const PAGE_ROWS = 50;
const KIND = { refused: "warn", locked: "warn", failed: "bad", done: "good" };

export function Audit({ api }) {
  const [outcome, setOutcome] = useState("");
  const [cursor, setCursor] = useState(null);
  const [trail, setTrail] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    const controller = new AbortController();
    const query = { limit: PAGE_ROWS, cursor, outcome };
    api("GET", PATH, { query, signal: controller.signal }).then(
      (page) => {
        setProblem(null);
        setTrail((old) => ({ ...page, entries: cursor === null ? page.entries : [...old.entries, ...page.entries] }));
      },
      (failure) => controller.signal.aborted || setProblem(failure),
    );
    return () => controller.abort();
  }, [api, outcome, cursor]);
  const choose = (event) => {
    setCursor(null);
    setOutcome(event.target.value);
  };
  if (problem) return html`<${ProblemNote} problem=${problem} />`;
  if (trail === null) return html`<${Loading} label=${AUDIT.loading} />`;
  const words = AUDIT.columns;
  return html`<div class="split"><section class="card flow"><h2>${AUDIT.title}</h2><p class="soft">${AUDIT.lead}</p>
      ${trail.firstBrokenEntry === null ? html`<${Badge} kind="good" sign="✓">${AUDIT.holds}<//>` : html`<${Note} kind="bad" fact=${AUDIT.broken(trail.firstBrokenEntry)} />`}
      <${Field} label=${AUDIT.outcome} short>
        ${(props) => html`<select ...${props} value=${outcome} onChange=${choose}><option value="">${AUDIT.all}</option>${AUDIT.outcomes.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select>`}
      <//>
      ${trail.entries.length === 0
        ? html`<${Empty} title=${AUDIT.none}>${AUDIT.noneHint}<//>`
        : html`<${Table} label=${AUDIT.title} rows=${trail.entries} rowKey=${(entry) => entry.id} columns=${[
            { name: "id", label: words.id, num: true, cell: (entry) => entry.id },
            { name: "time", label: words.time, cell: (entry) => dateTime(entry.happenedAt) },
            { name: "action", label: words.action, className: "mono line", cell: (entry) => entry.action },
            { name: "outcome", label: words.outcome, cell: (entry) => html`<${Badge} kind=${KIND[entry.outcome] ?? ""}>${entry.outcome}<//>` },
            { name: "facts", label: words.facts, className: "line soft small", cell: (entry) => factsOf(entry.facts) },
          ]} />`}
      ${trail.nextCursor && html`<div class="row mid"><button type="button" class="quiet" onClick=${() => setCursor(trail.nextCursor)}>${AUDIT.older}</button></div>`}
    </section>
    <aside class="flow"><section class="card flow tight"><h2>${AUDIT.seal}</h2><p class="soft small">${AUDIT.sealHint}</p><pre tabindex="0" role="region" aria-label=${AUDIT.seal}><code>${trail.newestSeal ?? "–"}</code></pre></section>
      <${CallLine} title=${PAGE.call} command=${curlOf("GET", PATH, null, { outcome })} /></aside></div>`;
}
