// The landing page: the state of the service, refreshed every 30 s while visible.
import { clock } from "../shared/format.js";
import { isLocal } from "../shared/login.js";
import { HEADLINES, fetchHealth, meaning } from "./model.js";

const REFRESH_MS = 30_000;
const EXAMPLE_ORIGIN = "https://your-app.example";

const $ = (id) => document.getElementById(id);

function showState(element, state) {
  element.dataset.state = state;
  element.textContent = state;
}

function show(health) {
  showState($("status"), health.status);
  showState($("postgres"), health.services.postgres ?? "unreachable");
  showState($("redis"), health.services.redis ?? "unreachable");
  $("now").textContent = HEADLINES[health.status];
  $("version").textContent = health.version;
  $("checked").textContent = clock(Date.now());
  $("meaning").textContent = meaning(health);
}

async function refresh() {
  if (!document.hidden) show(await fetchHealth());
}

/** Replace the example's address in every call with this page's own. */
function showOwnAddress() {
  for (const call of document.querySelectorAll("[data-call]")) {
    call.textContent = call.textContent.replace(EXAMPLE_ORIGIN, location.origin);
  }
}

function showLocalParts() {
  if (!isLocal(location.hostname)) return;
  for (const element of document.querySelectorAll("[data-local-only]")) element.hidden = false;
  $("port").textContent = `port ${location.port || 80}`;
}

showOwnAddress();
showLocalParts();
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, REFRESH_MS);
refresh();
