// The dialog before a test is left: go on later, or end it now.
import { Dialog } from "../shared/dialog.js";
import { Action } from "../shared/elements.js";
import { html } from "../shared/html.js";
import { TEST } from "./texts.js";

/** @param {{onEnd: () => Promise<void>, onClose: () => void}} props */
export function LeaveDialog({ onEnd, onClose }) {
  return html`<${Dialog} title=${TEST.leaveTitle} sheet=${false} onClose=${onClose}>
    <p>${TEST.leaveLater}</p>
    <p><a class="btn" href="/">${TEST.later}</a></p>
    <p>${TEST.leaveNow}</p>
    <${Action} className="quiet" run=${onEnd} label=${TEST.end} busyLabel=${TEST.ending} />
  <//>`;
}
