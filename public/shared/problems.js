// Kinds of problems with a call, by what the reader can do about them.

/** A call that failed. `kind` chooses the words and the state of the page. */
export class Problem extends Error {
  /**
   * @param {"offline"|"timeout"|"unreadable"|"credential"|"rights"|"limited"|"busy"|"refused"|"missing"|"conflict"|"server"} kind
   * @param {object} facts message, code, details, requestId, status, seconds until the next try
   */
  constructor(kind, { message = "", code = null, details = [], requestId = null, status = 0, seconds = null } = {}) {
    super(message);
    Object.assign(this, { kind, code, details, requestId, status, seconds });
  }
}

const KINDS = { 401: "credential", 403: "rights", 404: "missing", 409: "conflict", 429: "limited", 503: "busy" };

/** The kind of problem that a status stands for. */
export function kindOf(status) {
  return KINDS[status] ?? (status >= 500 ? "server" : "refused");
}

/** Whether the JSON of an error response is the API's own, and not that of a proxy or a captive portal. */
function isOwn(body) {
  return typeof body?.error === "string" && typeof body?.code === "string";
}

/**
 * The problem that an error response reports. `body` is its JSON, or null if it had none.
 *
 * Without the API's envelope, a refusal other than 429 says nothing about the call. Its kind is "unreadable", so
 * that pages neither end the log-in nor discard a waiting change because of it.
 */
export function problemOf(status, body, retryAfter) {
  const seconds = Number.parseInt(retryAfter, 10);
  const isTrusted = isOwn(body) || status >= 500 || KINDS[status] === "limited";
  return new Problem(isTrusted ? kindOf(status) : "unreadable", {
    status,
    message: typeof body?.error === "string" ? body.error : "",
    code: body?.code ?? null,
    details: Array.isArray(body?.details) ? body.details : [],
    requestId: body?.requestId ?? null,
    seconds: Number.isFinite(seconds) ? seconds : null,
  });
}

/** Whether the same call may succeed soon. False for "limited": callers wait until the limit has ended. */
export function isTemporary(problem) {
  return ["offline", "timeout", "busy", "server", "unreadable"].includes(problem.kind);
}
