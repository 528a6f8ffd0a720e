// The one place that fetches. Every call has a time limit and ends in a result or in a Problem.
import { Problem, problemOf } from "./problems.js";

export const TIMEOUT_MS = 30_000; // operators' calls have 29 s on the platforms

/** The path with its query; null, undefined and empty parameters are left out. */
export function addressOf(path, query = {}) {
  const parameters = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return parameters.length ? `${path}?${new URLSearchParams(parameters)}` : path;
}

/**
 * A function that calls the API with a password.
 *
 * @param {string|null} password bearer token; null where none is needed
 * @param {typeof fetch} send replaced in tests
 * @returns {(method: string, path: string, options?: object) => Promise<any>} resolves with the JSON,
 *   or with the text and the next cursor for `as: "text"`; rejects with a Problem. Responses with a
 *   status in `accept` are results, too; `headers` are sent besides the usual ones
 */
export function apiWith(password, send = fetch) {
  return async (method, path, { query, body, text, type = "text/csv", as = "json", timeout = TIMEOUT_MS, accept = [], headers: extraHeaders = {}, signal } = {}) => {
    const headers = { Accept: as === "text" ? "text/csv" : "application/json", ...extraHeaders };
    if (password) headers.Authorization = `Bearer ${password}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (text !== undefined) headers["Content-Type"] = type;
    const limit = AbortSignal.timeout(timeout);
    let response;
    try {
      response = await send(addressOf(path, query), {
        method,
        headers,
        body: body === undefined ? text : JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem(limit.aborted ? "timeout" : "offline");
    }
    if (as === "text" && response.ok) {
      if (response.headers.get("Content-Type")?.startsWith("text/html")) throw new Problem("unreadable", { status: response.status });
      return { text: await response.text(), nextCursor: response.headers.get("X-Next-Cursor") };
    }
    const json = await response.json().catch(() => null);
    if (!response.ok && !(accept.includes(response.status) && json)) throw problemOf(response.status, json, response.headers.get("Retry-After"));
    if (json === null || typeof json !== "object") throw new Problem("unreadable", { status: response.status });
    return json;
  };
}
