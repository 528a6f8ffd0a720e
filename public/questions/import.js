// The import of a question file: checked on the server before anything is stored.
import { Badge, Field, Note, ProblemNote } from "../shared/elements.js";
import { html, useRef, useState } from "../shared/html.js";
import { readFile } from "./file.js";
import { batches, refusedItems, withoutRepeats } from "./model.js";
import { FILE, IMPORT } from "./texts.js";

const UPLOAD = "/api/questions/upload";
const MAX_PROBLEMS = 50;
const PREVIEW_SIZE = 5;
const POOL_FIELDS = ["guessing", "selection", "concept_names", "admission", "tells", "starts_per_day", "trains", "min_questions", "max_questions", "stop_rules", "name"];

/** The fields of an upload that a file has besides its questions. */
const settingsOf = (fields) => Object.fromEntries(Object.entries(fields).filter(([name]) => POOL_FIELDS.includes(name)));

/**
 * Check items on the server until only good ones are left.
 *
 * @returns {Promise<{items: object[], problems: object[]}>} rejects with the Problem unless it names questions only
 */
export async function checkItems(api, items, settings) {
  const problems = [];
  const good = [];
  for (const batch of batches(items)) {
    let remaining = batch;
    while (remaining.length) {
      const body = { ...settings, questions: remaining.map((item) => item.question), dry_run: true };
      try {
        await api("POST", UPLOAD, { body });
        break;
      } catch (problem) {
        const refusal = refusedItems(remaining, problem.details ?? []);
        if (refusal === null) throw problem;
        problems.push(...refusal.problems);
        remaining = refusal.remaining;
      }
    }
    good.push(...remaining);
  }
  return { items: good, problems };
}

function Problems({ problems, lines }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(problems.map(({ line, problem }) => `${line}: ${problem}`).join("\n"));
    setCopied(true);
  };
  return html`<ol class="els" aria-label=${IMPORT.errors}>
      ${problems.slice(0, MAX_PROBLEMS).map(({ line, problem }, place) => html`<li class="el" key=${place}>
        <span class="num mono">${line}</span>
        <div><code>${(lines[line - 1] ?? "").trim().slice(0, 160)}</code><p class="error">${problem}</p></div>
      </li>`)}
    </ol>
    ${problems.length > MAX_PROBLEMS && html`<p class="soft small">${IMPORT.more(problems.length - MAX_PROBLEMS)}</p>`}
    <div class="row"><button type="button" class="quiet" onClick=${copy}>${copied ? IMPORT.copied : IMPORT.copy}</button></div>`;
}

function Preview({ items }) {
  return html`<details><summary>${IMPORT.preview(Math.min(PREVIEW_SIZE, items.length))}</summary>
    <ol class="flow tight">
      ${items.slice(0, PREVIEW_SIZE).map(({ line, question }) => html`<li key=${line} class="flow tight">
        <p><b><bdi>${question.content}</bdi></b></p>
        <ul>${question.options.map((option) => html`<li key=${option}><bdi>${option}</bdi> ${option === question.correct_answer && html`<${Badge} kind="good" sign="✓">right<//>`}</li>`)}</ul>
      </li>`)}
    </ol>
  </details>`;
}

/**
 * The section that imports a file into a pool, or as a new one.
 *
 * @param {{api: Function, pool: {id: string, concept_names: string[]|null}|null, onDone: (poolId: string) => void}} props
 */
export function ImportFile({ api, pool, onDone }) {
  const [file, setFile] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(null);
  const [importedCount, setImportedCount] = useState(null);
  const input = useRef(null);
  const name = useRef(null);
  const target = pool === null ? {} : { question_pool_id: pool.id };
  const choose = async (event) => {
    const [chosen] = event.target.files;
    if (!chosen) return;
    event.target.value = "";
    setImportedCount(null);
    setProblem(null);
    setFile(null);
    setBusy(IMPORT.checking);
    const text = await chosen.text();
    const fileContent = readFile(chosen.name, text, pool?.concept_names ?? (pool ? [] : null));
    const { items, problems: repeats } = withoutRepeats(fileContent.items, FILE.repeated);
    const settings = { ...settingsOf(fileContent.fields), ...target };
    const chosenFile = { name: chosen.name, lines: text.split(/\r\n|\r|\n/), settings, ignored: fileContent.ignored };
    try {
      const result = items.length ? await checkItems(api, items, settings) : { items: [], problems: [] };
      const problems = [...fileContent.problems, ...repeats, ...result.problems].sort((a, b) => a.line - b.line);
      setFile({ ...chosenFile, items: result.items, problems });
    } catch (failure) {
      setProblem(failure);
    }
    setBusy(null);
  };
  const run = async () => {
    setProblem(null);
    let storedCount = 0;
    let poolId = pool?.id;
    const settings = { ...file.settings };
    if (pool === null && name.current.value.trim()) settings.name = name.current.value.trim();
    try {
      for (const batch of batches(file.items)) {
        setBusy(IMPORT.importing(storedCount, file.items.length));
        const body = { ...settings, questions: batch.map((item) => item.question) };
        if (poolId) body.question_pool_id = poolId;
        poolId = (await api("POST", UPLOAD, { body })).question_pool_id;
        storedCount += batch.length;
      }
      setImportedCount(storedCount);
      setFile(null);
      onDone(poolId);
    } catch (failure) {
      setProblem(Object.assign(failure, { message: [failure.message, storedCount ? IMPORT.partly(storedCount) : ""].filter(Boolean).join(" ") }));
    }
    setBusy(null);
  };
  const bad = file?.problems.length ?? 0;
  const all = (file?.items.length ?? 0) + bad;
  return html`<section class="card flow" aria-labelledby="import">
    <div class="row"><h2 id="import">${file ? IMPORT.title(file.name) : "Import questions"}</h2>
      ${file && html`<span class="push"><${Badge} kind=${bad ? "warn" : "good"}>${bad ? IMPORT.need(bad, all) : IMPORT.ready}<//></span>`}
    </div>
    ${importedCount !== null && html`<${Note} kind="good" fact=${IMPORT.done(importedCount)} />`}
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${busy && html`<p role="status" class="soft">${busy}</p>`}
    ${file && html`<p role="status"><b>${file.items.length ? IMPORT.can(file.items.length) : IMPORT.cannot}</b> ${IMPORT.notStored} ${bad ? IMPORT.correct(bad) : ""} ${file.ignored.length ? IMPORT.ignored(file.ignored) : ""}</p>
      ${bad > 0 && html`<${Problems} problems=${file.problems} lines=${file.lines} />`}
      ${file.items.length > 0 && html`<${Preview} items=${file.items} />`}
      ${file.items.length > 0 && pool === null && html`<${Field} label=${IMPORT.name}>
        ${(props) => html`<input ...${props} ref=${name} value=${file.settings.name ?? file.name.replace(/\.\w+$/, "")} maxlength="200" />`}
      <//>`}`}
    <div class="row end">
      ${file?.items.length > 0 && html`<button type="button" aria-disabled=${busy ? "true" : null} onClick=${() => busy || run()}>${IMPORT.button(file.items.length)}</button>`}
      <${Field} label=${file ? IMPORT.again : IMPORT.choose} hint=${file ? null : IMPORT.chooseHint}>
        ${(props) => html`<input ...${props} ref=${input} type="file" accept=".json,.csv,.tsv,application/json,text/csv" onChange=${choose} />`}
      <//>
    </div>
  </section>`;
}
