// The card with the last sync of each device of a class, and what waits on it.
import { Badge } from "../shared/elements.js";
import { dateTime } from "../shared/format.js";
import { html, useState } from "../shared/html.js";
import { DEVICES } from "./texts.js";

const MAX_VISIBLE = 8; // devices, until the button is pressed

/** @param {{devices: object[]}} props the device that synchronised last comes first */
export function DevicesCard({ devices }) {
  const [all, setAll] = useState(false);
  const visible = all ? devices : devices.slice(0, MAX_VISIBLE);
  return html`<section class="card flow tight">
    <h2>${DEVICES.title}</h2>
    ${devices.length === 0 && html`<p class="small soft">${DEVICES.none}</p>`}
    <ul class="plain-list small">${visible.map(
      (device) => html`<li key=${device.id}><b><bdi>${device.student_name ?? DEVICES.unnamed}</bdi></b>${device.name && html` <bdi>${device.name}</bdi>`}
        <span class="soft"> ${DEVICES.last(dateTime(device.last_sync))}</span>
        ${device.pending > 0 && html` <${Badge}>${DEVICES.pending(device.pending)}<//>`}
        ${device.rejected > 0 && html` <${Badge} kind="warn" sign="!">${DEVICES.rejected(device.rejected)}<//>`}</li>`,
    )}</ul>
    ${visible.length < devices.length && html`<p><button type="button" class="quiet" onClick=${() => setAll(true)}>${DEVICES.more(devices.length - visible.length)}</button></p>`}
  </section>`;
}
