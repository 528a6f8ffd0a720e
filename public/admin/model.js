// The logic of the admin page, without the DOM.

export const STEPS = ["schema", "dryRun", "run", "verify", "cleanUp"];
const STATE_OF_OUTCOME = { skipped: "decide", "kept raw": "kept", mended: "repaired" };

/** A call as curl sends it, with variables in place of the address and the password. */
export function curlOf(method, path, body = null, query = {}) {
  const parameters = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const address = `"$APP${path}${parameters.length ? `?${new URLSearchParams(parameters)}` : ""}"`;
  if (method === "GET") return `curl -sS ${address} \\\n  -H "Authorization: Bearer $ADMIN_PASSWORD"`;
  const members = Object.entries(body ?? {}).map(([name, value]) => `, ${JSON.stringify(name)}: ${JSON.stringify(value)}`.replaceAll("'", "'\\''"));
  return `curl -sS -X ${method} ${address} \\\n  -H "Content-Type: application/json" \\\n  -d '{"adminPassword": "'"$ADMIN_PASSWORD"'"${members.join("")}}'`;
}

/** The sum of a report: read = moved + unchanged + notMoved, moved = created + merged; `rows` has the same by table. */
export function sumOf(report) {
  const rows = report.sources.filter((source) => source.present);
  const add = (name) => rows.reduce((sum, row) => sum + row[name], 0);
  const moved = add("created") + add("merged");
  return { read: add("read"), created: add("created"), merged: add("merged"), unchanged: add("unchanged"), notMoved: add("skipped"), moved, rows };
}

/** The irregular values of a report in the API's order: those that need a decision come first. */
export function irregular(report) {
  return report.findings.groups.map((group) => ({ ...group, state: STATE_OF_OUTCOME[group.outcome] ?? group.outcome }));
}

/** The report's groups as rows of a CSV file; it has no personal data. */
export function reportRows(report) {
  const head = ["table", "field", "outcome", "reason", "rows"];
  return [head, ...report.findings.groups.map((group) => [group.source, group.field, group.outcome, group.reason, group.rows])];
}

/** The obstacle to the real run: null, "skipped" rows to accept, or "keys" that cannot be opened. */
export function obstacleOf(dryRun) {
  if (dryRun.preflight?.keys.unreadable > 0) return "keys";
  return sumOf(dryRun).notMoved > 0 ? "skipped" : null;
}

/** The steps of the wizard that are done, by name. */
export function doneSteps({ schema, dryRun, run, cleanUp }) {
  return {
    schema: Boolean(schema),
    dryRun: Boolean(dryRun?.done),
    run: Boolean(run?.done),
    verify: Boolean(run?.done && run.verification.verified),
    cleanUp: Boolean(cleanUp),
  };
}

/**
 * Send a call again until its response reports that all is done.
 *
 * @param {() => Promise<{done: boolean}>} call
 * @param {(response: object) => void} onProgress
 */
export async function untilDone(call, onProgress) {
  for (;;) {
    const response = await call();
    onProgress(response);
    if (response.done) return response;
  }
}

/** The number of rows in a backup, over all contexts. */
export function rowsIn(backup) {
  return Object.values(backup.rows).flatMap(Object.values).reduce((sum, rows) => sum + rows, 0);
}

/** The facts of an audit entry in one line. */
export function factsOf(facts) {
  return Object.entries(facts).map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");
}

/** The part of the page that an address names. */
export function readHash(hash) {
  const part = hash.replace(/^#/, "");
  return ["migration", "upkeep", "audit"].includes(part) ? part : "overview";
}
