// The workshop page: a student's own dashboard, the share view, or the entry.
import { Badge, Page } from "../shared/elements.js";
import { html, lazy, render, useEffect, useState } from "../shared/html.js";
import { lookupOf, tokenIn } from "./model.js";
import { OwnDashboard } from "./own.js";
import { storeToken, storedToken } from "./stored.js";
import { LINKS, OWN } from "./texts.js";

const Entry = lazy(() => import("./entry.js"), "Entry");
const ShareView = lazy(() => import("./share_view.js"), "ShareView");

/** The token in the address, which is stored and removed from there at once; if there is none, the stored token. */
function takeToken() {
  const token = location.hash.includes("sessionToken=") ? tokenIn(location.hash) : null;
  if (token) {
    storeToken(token);
    history.replaceState(null, "", `${location.pathname}${location.search}`);
  }
  return token ?? storedToken();
}

function WorkshopPage() {
  const parameters = new URLSearchParams(location.search);
  const [token, setToken] = useState(takeToken);
  const [lookup, setLookup] = useState(() => lookupOf(parameters.get("student") ?? ""));
  const [namesOther, setNamesOther] = useState(false);
  const [sessionEnded, setSessionEnded] = useState(false);
  const [state, setState] = useState(null);
  useEffect(() => {
    const read = () => setToken(takeToken());
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  const open = (next) => {
    storeToken(next);
    setSessionEnded(false);
    setLookup(null);
    setToken(next);
  };
  const leave = (lost) => {
    storeToken(null);
    setToken(null);
    setState(null);
    setNamesOther(false);
    setSessionEnded(lost);
  };
  // A link to a student's steps shows the dashboard to the student, and the share view to everybody else.
  const isOther = (studentId) => lookup !== null && lookup.studentId?.toLowerCase() !== studentId.toLowerCase();
  const showOwn = token !== null && (lookup === null || !namesOther);
  const bar = showOwn && state && html`<${Badge} kind="good">${state}<//><button type="button" onClick=${() => leave(false)}>${OWN.leave}</button>`;
  return html`<${Page} links=${LINKS} current="/workshop" bar=${bar} size=${!showOwn && lookup !== null ? "read" : ""}>
    ${showOwn
      ? html`<${OwnDashboard} key=${token} token=${token} isOther=${isOther}
          onGone=${() => leave(true)} onOther=${() => setNamesOther(true)} onState=${setState} />`
      : lookup !== null
        ? html`<${ShareView} lookup=${lookup} />`
        : html`<${Entry} sessionEnded=${sessionEnded} courseId=${parameters.get("course")} onToken=${open} onLookup=${setLookup} />`}
  <//>`;
}

render(html`<${WorkshopPage} />`, document.getElementById("app"));
