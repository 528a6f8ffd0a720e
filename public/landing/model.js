// Texts of the landing page about the service, from the response of /health.
import { apiWith } from "../shared/api.js";

const TIMEOUT_MS = 10_000;
const SERVICE_UNAVAILABLE = 503; // with a report that says what is down
const MEANING = {
  healthy: "",
  degraded: "Redis is down: everything works, but some responses take longer.",
  unavailable: "Postgres is down: nothing can be recorded until it is back.",
  unreachable: "The service does not respond. Check that you are online.",
};
export const HEADLINES = {
  healthy: "Everything works",
  degraded: "Everything works, but more slowly",
  unavailable: "Nothing can be recorded",
  unreachable: "No answer",
};

/** The service's health report; if there is none that can be read, its status is `unreachable`. */
export async function fetchHealth(api = apiWith(null)) {
  const unreachable = { status: "unreachable", version: "–", services: {} };
  try {
    const health = await api("GET", "/health", { timeout: TIMEOUT_MS, accept: [SERVICE_UNAVAILABLE] });
    return health.status in MEANING ? health : unreachable;
  } catch {
    return unreachable;
  }
}

/** The status in words: a sentence and the remarks; without the sentence if the remarks explain the status. */
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
