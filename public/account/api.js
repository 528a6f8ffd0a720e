// Calls of a user who is logged in: an access token that has expired is renewed once, and the call sent again.
import { apiWith } from "../shared/api.js";
import { accountOf, readAccount, storeAccount } from "./stored.js";

const LOCK = "stepwise.account"; // a refresh token is valid once, so two tabs must not both send it

/** Run a function in one tab at a time, if the browser has locks. */
function exclusively(run) {
  return globalThis.navigator?.locks ? navigator.locks.request(LOCK, run) : run();
}

/**
 * A function that calls the API as a user; `onEnd` is called when the log-in is over.
 *
 * @param {{access: string, refresh: string}} account
 * @param {() => void} onEnd
 * @param {{open?: typeof apiWith, storage?: Storage}} options replaced in tests
 */
export function apiOf(account, onEnd, { open = apiWith, storage = globalThis.localStorage } = {}) {
  let current = account;
  let turn = Promise.resolve(); // so that this page's calls renew the token one after the other
  const renew = (expiredToken) => {
    turn = turn.catch(() => {}).then(() => exclusively(() => exchange(expiredToken)));
    return turn;
  };
  const exchange = async (expiredToken) => {
    const stored = readAccount(storage);
    if (stored?.username === account.username && stored.access !== expiredToken) current = stored;
    if (current.access !== expiredToken) return;
    const reply = await open(null)("POST", "/api/auth/refresh", { body: { refresh_token: current.refresh } });
    current = accountOf(reply);
    storeAccount(current, storage);
  };
  return async (method, path, options) => {
    const sent = current.access;
    try {
      return await open(sent)(method, path, options);
    } catch (problem) {
      if (problem.kind !== "credential") throw problem;
    }
    try {
      await renew(sent);
    } catch (problem) {
      if (problem.kind === "credential") onEnd();
      throw problem;
    }
    return open(current.access)(method, path, options);
  };
}

/** End a log-in on the server, if it can be reached. */
export function logOut(api, { refresh }) {
  return api("POST", "/api/auth/logout", { body: { refresh_token: refresh } }).catch(() => {});
}
