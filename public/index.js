// The landing page: shows what /health says, again every 30 s while the page is in view.

const EVERY_MS = 30_000;
const LIMIT_MS = 10_000;
const MEANING = {
  healthy: "",
  degraded: "Redis is away: everything works, some answers take longer.",
  unavailable: "Postgres is away: nothing can be recorded until it is back.",
  unreachable: "The service does not answer. Are you online?",
};

const $ = (id) => document.getElementById(id);

/** What the service says of itself; a service that says nothing is unreachable. */
export async function askHealth(fetchIt = fetch) {
  const nobody = { status: "unreachable", version: "–", services: {} };
  try {
    const answer = await fetchIt("/health", { cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) });
    const health = await answer.json();
    return health.status in MEANING ? health : nobody;
  } catch {
    return nobody;
  }
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
  $("asked").textContent = new Date().toLocaleTimeString();
  $("meaning").textContent = MEANING[health.status];
}

async function refresh() {
  if (!document.hidden) show(await askHealth());
}

function showLocalLinks() {
  const here = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  for (const link of document.querySelectorAll("[data-local-only]")) link.hidden = !here;
}

showLocalLinks();
$("curl").textContent = `curl -s ${location.origin}/health`;
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, EVERY_MS);
refresh();
