// The card that asks to install the page.
import { html } from "../shared/html.js";
import { INSTALL } from "./texts.js";

/** @param {{offer: {way: "button"|"menu", install: () => void, later: () => void}}} props */
export function InstallCard({ offer }) {
  return html`<section class="card flow tight">
    <h2>${INSTALL.title}</h2>
    <p class="small soft">${INSTALL.about}</p>
    ${offer.way === "menu" && html`<p class="small">${INSTALL.menu}</p>`}
    <div class="row">
      ${offer.way === "button" && html`<button type="button" class="quiet" onClick=${offer.install}>${INSTALL.install}</button>`}
      <button type="button" class="plain link" onClick=${offer.later}>${INSTALL.later}</button>
    </div>
  </section>`;
}
