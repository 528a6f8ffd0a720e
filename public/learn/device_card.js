// The card of this device: what waits for the server, what it has refused, and files of changes.
import { download } from "../shared/csv.js";
import { Dialog } from "../shared/dialog.js";
import { Note, ProblemNote } from "../shared/elements.js";
import { html, useRef, useState } from "../shared/html.js";
import { DEVICE } from "./texts.js";

/** Save to a file all changes that the server does not hold. */
async function saveFile(copy) {
  const day = new Date().toISOString().slice(0, 10);
  download(`stepwise-${copy.username.replaceAll(/[^\w-]/g, "_")}-${day}.jsonl`, await copy.exportText(), "application/x-ndjson");
}

/** The changes that the server has refused, each with the reason. */
function Rejections({ copy, rejections }) {
  return html`<div class="note bad"><div class="flow tight">
    <p><b>${DEVICE.rejectedTitle(rejections.length)}</b> ${DEVICE.rejectedAbout}</p>
    <ul>${rejections.map(({ id, created_at: at, reason, columns }) => html`<li key=${id}>
      ${DEVICE.rejection(at)} ${columns.answer !== undefined && html`<bdi>${DEVICE.answered(columns.answer)}</bdi>`} <bdi>${reason ?? DEVICE.noReason}</bdi>
      <button type="button" class="plain link" onClick=${() => copy.dismiss(id)}>${DEVICE.dismiss}</button>
    </li>`)}</ul>
  </div></div>`;
}

function Files({ copy, hasUnsent }) {
  const input = useRef(null);
  const [outcome, setOutcome] = useState(null);
  const importFile = async () => {
    const [file] = input.current.files;
    if (!file) return;
    setOutcome(await file.text().then((text) => copy.importText(text)).then(
      ({ added, duplicates }) => ({ kind: "good", text: DEVICE.imported(added, duplicates) }),
      (error) => ({ kind: "bad", text: DEVICE.refused[error.kind] ?? DEVICE.refused.format }),
    ));
    input.current.value = "";
  };
  return html`
    ${outcome && html`<${Note} kind=${outcome.kind}>${outcome.text}<//>`}
    <div class="row">
      ${hasUnsent && html`<button type="button" class="quiet" onClick=${() => saveFile(copy)}>${DEVICE.save}</button>`}
      <button type="button" class="plain link" onClick=${() => input.current.click()}>${DEVICE.import}</button>
      <input type="file" hidden accept=".jsonl" ref=${input} onChange=${importFile} />
    </div>`;
}

/** The reason why the last sync failed. */
function SyncProblem({ problem }) {
  const words = problem.kind === "storage" ? DEVICE.noCopy[problem.reason] : problem.code === "device_version_refused" && DEVICE.outdated;
  return words ? html`<${Note} kind="bad" fact=${words[0]}>${words[1]}<//>` : html`<${ProblemNote} problem=${problem} />`;
}

/** @param {{sync: object, copy: object|null}} props */
export function DeviceCard({ sync, copy }) {
  const hasUnsent = sync.pending + sync.rejections.length > 0;
  return html`<section class="card flow tight">
    <h2>${DEVICE.title}</h2>
    <p class="small soft">${sync.pending > 0 ? DEVICE.since(sync.since) : DEVICE.kept}</p>
    ${sync.problem && html`<${SyncProblem} problem=${sync.problem} />`}
    ${sync.rejections.length > 0 && html`<${Rejections} copy=${copy} rejections=${sync.rejections} />`}
    ${sync.pending > 0 && html`<button type="button" class="quiet" aria-disabled=${sync.syncing ? "true" : null} onClick=${sync.send}>${DEVICE.send}</button>`}
    ${copy && html`<${Files} copy=${copy} hasUnsent=${hasUnsent} />`}
  </section>`;
}

/** Ask before a log-out while changes wait. */
export function LeaveDialog({ sync, copy, onLeave, onClose }) {
  return html`<${Dialog} title=${DEVICE.leaveTitle(sync.pending)} sheet=${false} onClose=${onClose}>
    <p>${DEVICE.leaveAbout}</p>
    <div class="row">
      <button type="button" onClick=${onClose}>${DEVICE.stay}</button>
      ${copy && html`<button type="button" class="quiet" onClick=${() => saveFile(copy)}>${DEVICE.save}</button>`}
      <button type="button" class="quiet" onClick=${onLeave}>${DEVICE.leave}</button>
    </div>
  <//>`;
}
