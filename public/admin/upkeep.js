// Backups, their restoration, the rotation of the encryption key, and the roster import.
import { TypedConfirmation } from "../shared/dialog.js";
import { Action, CallLine, Field, Note, ProblemNote } from "../shared/elements.js";
import { bytes } from "../shared/format.js";
import { html, lazy, useRef, useState } from "../shared/html.js";
import { curlOf, rowsIn, untilDone } from "./model.js";
import { PAGE, UPKEEP } from "./texts.js";

const RosterDialog = lazy(() => import("../roster/roster.js"), "RosterDialog");
const PATHS = { backup: "/api/admin-backup", restore: "/api/admin-restore", rotate: "/api/admin-rotate-keys" };

/** Run some work, and keep its result or its problem: `[result, problem, run]`. */
function useResult(work) {
  const [state, setState] = useState({ result: null, problem: null });
  const run = async () => {
    setState({ result: null, problem: null });
    try {
      setState({ result: await work(), problem: null });
    } catch (problem) {
      setState({ result: null, problem });
    }
  };
  return [state.result, state.problem, run];
}

function Backup({ api }) {
  const [backup, problem, make] = useResult(() => api("POST", PATHS.backup, { body: {} }));
  return html`<section class="card flow"><h2>${UPKEEP.backup}</h2><p class="soft">${UPKEEP.backupWhat}</p>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${backup && html`<${Note} kind="good" fact=${UPKEEP.backupDone(rowsIn(backup), bytes(backup.bytes))}><code>${backup.name}</code><//>
      <details><summary>${UPKEEP.leftOut}</summary><ul>${backup.leftOut.map((line) => html`<li key=${line} class="small">${line}</li>`)}</ul></details>`}
    <div class="row"><${Action} label=${UPKEEP.backupButton} busyLabel=${UPKEEP.backingUp} run=${make} /></div>
  </section>`;
}

function Restore({ api }) {
  const [name, setName] = useState(null);
  const [missing, setMissing] = useState(false);
  const [restored, setRestored] = useState(null);
  const input = useRef(null);
  const ask = (event) => {
    event.preventDefault();
    const value = input.current.value.trim();
    setMissing(!value);
    setRestored(null);
    if (value) setName(value);
  };
  return html`<section class="card flow"><h2>${UPKEEP.restore}</h2><p class="soft">${UPKEEP.restoreWhat}</p>
    ${restored && html`<${Note} kind="good" fact=${UPKEEP.restored(rowsIn(restored))}>${restored.notes.join(" ")}<//>`}
    <form class="row end" onSubmit=${ask}>
      <${Field} label=${UPKEEP.name} error=${missing ? UPKEEP.restoreMissing : null}>${(props) => html`<input ...${props} ref=${input} autocomplete="off" spellcheck=${false} />`}<//>
      <button class="danger">${UPKEEP.restoreOpen}</button>
    </form>
    ${name && html`<${TypedConfirmation} title=${UPKEEP.restoreConfirm} what=${UPKEEP.restoreConfirmWhat(name)} word=${UPKEEP.restoreWord} button=${UPKEEP.restoreButton}
      run=${() => api("POST", PATHS.restore, { body: { name } })} onDone=${(done) => { setRestored(done); setName(null); }} onClose=${() => setName(null)} />`}
  </section>`;
}

function Rotation({ api }) {
  const [last, problem, rotate] = useResult(async () => {
    let rotated = 0;
    const end = await untilDone(() => api("POST", PATHS.rotate, { body: {} }), (response) => (rotated += response.rotated));
    return { ...end, rotated };
  });
  return html`<section class="card flow"><h2>${UPKEEP.rotate}</h2><p class="soft">${UPKEEP.rotateWhat}</p>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${last && html`<${Note} kind=${last.unreadable ? "warn" : "good"} fact=${UPKEEP.rotated(last.rotated, last.unreadable)} />`}
    <div class="row"><${Action} label=${UPKEEP.rotateButton} busyLabel=${UPKEEP.rotating} run=${rotate} /></div>
  </section>`;
}

function Roster({ api }) {
  const [open, setOpen] = useState(false);
  return html`<section class="card flow"><h2>${UPKEEP.roster}</h2><p class="soft">${UPKEEP.rosterWhat}</p>
    <div class="row"><button type="button" onClick=${() => setOpen(true)}>${UPKEEP.rosterButton}</button></div>
    ${open && html`<${RosterDialog} api=${api} courseId=${null} onDone=${() => {}} onClose=${() => setOpen(false)} />`}
  </section>`;
}

export function Upkeep({ api }) {
  return html`<div class="split"><div class="flow"><${Backup} api=${api} /><${Restore} api=${api} /><${Rotation} api=${api} /><${Roster} api=${api} /></div>
    <aside class="flow"><${CallLine} title=${PAGE.call} command=${[curlOf("POST", PATHS.backup), curlOf("POST", PATHS.restore, { name: "…" }), curlOf("POST", PATHS.rotate)].join("\n\n")} /></aside></div>`;
}
