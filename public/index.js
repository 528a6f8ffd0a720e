// The landing page shows the response of /health, and refreshes it every 30 s while visible.

const REFRESH_MS = 30_000;
const TIMEOUT_MS = 10_000;
const EXAMPLE_ORIGIN = "https://your-app.example";
const MEANING = {
  healthy: "",
  degraded: "Redis is down: everything works, but some responses take longer.",
  unavailable: "Postgres is down: nothing can be recorded until it is back.",
  unreachable: "The service does not respond. Check that you are online.",
};

const $ = (id) => document.getElementById(id);

/** The service's health report; without a response, the status is `unreachable`. */
export async function fetchHealth(fetchPage = fetch) {
  const unreachable = { status: "unreachable", version: "–", services: {} };
  try {
    const response = await fetchPage("/health", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const health = await response.json();
    return health.status in MEANING ? health : unreachable;
  } catch {
    return unreachable;
  }
}

/** What the status means for a person; where remarks explain it, they stand in place of the usual sentence. */
export function meaning(health) {
  const { behind = false, missing = [], waiting = [], remarks = [] } = health.schema ?? {};
  const { postgres, redis } = health.services;
  const settings = health.remarks ?? [];
  const tables = missing.length ? [`Missing: ${missing.join(", ")}.`] : [];
  const explained =
    missing.length ||
    (postgres === "not configured" && settings.length) ||
    (redis !== "down" && (behind || waiting.length || settings.length));
  const sentence = explained && postgres !== "down" ? "" : MEANING[health.status];
  return [sentence, ...tables, ...remarks, ...settings].filter(Boolean).join(" ");
}

function showState(element, state) {
  element.dataset.state = state;
  element.textContent = state;
}

function show(health) {
  showState($("status"), health.status);
  showState($("postgres"), health.services.postgres ?? "unreachable");
  showState($("redis"), health.services.redis ?? "unreachable");
  $("version").textContent = health.version;
  $("checked").textContent = new Date().toLocaleTimeString();
  $("meaning").textContent = meaning(health);
}

async function refresh() {
  if (!document.hidden) show(await fetchHealth());
}

/** Replace the example's address in every call by this page's own. */
function showOwnAddress() {
  for (const call of document.querySelectorAll("[data-call]")) {
    call.textContent = call.textContent.replace(EXAMPLE_ORIGIN, location.origin);
  }
}

function showLocalParts() {
  if (!["127.0.0.1", "localhost", "[::1]"].includes(location.hostname)) return;
  for (const element of document.querySelectorAll("[data-local-only]")) element.hidden = false;
  $("port").textContent = `port ${location.port || 80}`;
}

showOwnAddress();
showLocalParts();
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, REFRESH_MS);
refresh();
