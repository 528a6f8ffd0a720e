// The admin page: system, migration, backups, keys and roster, audit trail. Each part shows calls as curl sends them.
import { LogInPage } from "../shared/log_in_page.js";
import { html, lazy, render, useEffect, useState } from "../shared/html.js";
import { readHash } from "./model.js";
import { System } from "./system.js";
import { PAGE } from "./texts.js";

const PARTS = {
  overview: System,
  migration: lazy(() => import("./migration.js"), "Migration"),
  upkeep: lazy(() => import("./upkeep.js"), "Upkeep"),
  audit: lazy(() => import("./audit.js"), "Audit"),
};

function usePart() {
  const [part, setPart] = useState(() => readHash(location.hash));
  useEffect(() => {
    const read = () => setPart(readHash(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return part;
}

function Inside(inside) {
  const part = usePart();
  return html`<div class="flow loose">
    <div class="row"><h1>${PAGE.title}</h1>
      <nav class="row push" aria-label=${PAGE.partsLabel}>
        ${PAGE.parts.map(([name, label]) => html`<a key=${name} href=${`#${name}`} aria-current=${name === part ? "true" : null}>${label}</a>`)}
      </nav>
    </div>
    <${PARTS[part]} key=${part} ...${inside} />
  </div>`;
}

function App() {
  return html`<${LogInPage} current="/admin" title=${PAGE.title} about=${PAGE.about} button=${PAGE.button} probe="/api/admin-audit?limit=1">
    ${(inside) => html`<${Inside} ...${inside} />`}
  <//>`;
}

render(html`<${App} />`, document.getElementById("app"));
