// Calls by a user who is logged in: an access token that has expired is renewed once, and the call is sent again.
import { apiWith } from "../shared/api.js";
import { accountOf, readAccount, storeAccount } from "./stored.js";

const LOCK = "stepwise.account"; // a refresh token is valid once, so two tabs must not both send it

/** Run a function in one tab at a time, if the browser has locks. */
function exclusively(run) {
  return globalThis.navigator?.locks ? navigator.locks.request(LOCK, run) : run();
}

/**
 * Return a function that calls the API as a user; `onEnd` is called once, when the log-in is over.
 *
 * If another tab has stored a newer log-in of the same user, or the user has logged in again, the
 * calls use that log-in. After `onEnd` has been called, no further token is renewed.
 *
 * @param {{access: string, refresh: string}} account
 * @param {() => void} onEnd
 * @param {{open?: typeof apiWith, storage?: Storage}} options replaced in tests
 */
export function apiOf(account, onEnd, { open = apiWith, storage = globalThis.localStorage } = {}) {
  let current = account;
  let refusal = null; // the error of the renewal that ended the log-in
  let turn = Promise.resolve(); // so that this page's calls renew the token one after the other
  const renew = (expiredToken) => {
    turn = turn.catch(() => {}).then(() => exclusively(() => exchange(expiredToken)));
    return turn;
  };
  const useNewer = (token) => {
    const newest = readAccount(storage);
    if (newest?.username === account.username && newest.access !== token) current = newest;
    return current.access !== token;
  };
  const exchange = async (expiredToken) => {
    if (useNewer(expiredToken)) return;
    if (refusal !== null) throw refusal;
    try {
      const reply = await open(null)("POST", "/api/auth/refresh", { body: { refresh_token: current.refresh } });
      current = accountOf(reply);
      if (readAccount(storage)?.username === account.username) storeAccount(current, storage); // otherwise another tab has logged out
    } catch (problem) {
      if (problem.kind !== "credential") throw problem;
      if (useNewer(expiredToken)) return;
      refusal = problem;
      onEnd();
      throw problem;
    }
  };
  return async (method, path, options) => {
    const token = current.access;
    try {
      return await open(token)(method, path, options);
    } catch (problem) {
      if (problem.kind !== "credential") throw problem;
    }
    await renew(token);
    return open(current.access)(method, path, options);
  };
}

/** End a user's log-in on the server, if it can be reached; the stored log-in of the user has the newest token. */
export function logOut(api, account, storage = globalThis.localStorage) {
  const newest = readAccount(storage);
  const { refresh } = newest?.username === account.username ? newest : account;
  return api("POST", "/api/auth/logout", { body: { refresh_token: refresh } }).catch(() => {});
}
