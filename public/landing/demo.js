// The card of the short test on the landing page; the test itself is loaded when it starts.
import { html, render, useEffect, useState } from "../shared/html.js";
import { emptyProfile } from "../test/levels.js";
import { readTests } from "../test/stored.js";
import { Bars } from "./bars.js";
import { DEMO } from "./texts.js";

const UNKNOWN = emptyProfile(["Math", "Algebra", "Geometry", "Statistics", "Calculus"]);

function Demo() {
  const [running, setRunning] = useState(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const run = async (test) => {
    if (busy) return;
    setBusy(true);
    setFailed(false);
    try {
      const { ShortTest } = await import("./short_test.js");
      setRunning({ ShortTest, test });
    } catch {
      setFailed(true);
    }
    setBusy(false);
  };
  useEffect(() => {
    const { current } = readTests();
    if (current?.demo) run(current);
  }, []);
  if (running) return html`<${running.ShortTest} test=${running.test} unknown=${UNKNOWN} />`;
  return html`<div class="flow">
    <h2>${DEMO.title}</h2>
    <p class="soft">${DEMO.about}</p>
    ${failed && html`<p role="alert"><b>${DEMO.failed[0]}</b> ${DEMO.failed[1]}</p>`}
    <button type="button" class="large" aria-disabled=${busy ? "true" : null} onClick=${() => run(null)}>${busy ? DEMO.starting : DEMO.start}</button>
    <${Bars} profile=${UNKNOWN} />
    <p class="small soft">${DEMO.nothing}</p>
  </div>`;
}

render(html`<${Demo} />`, document.getElementById("demo"));
