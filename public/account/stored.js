// The log-in of this browser: tokens and the account. They are credentials and never part of an address.
import { Problem } from "../shared/problems.js";

const KEY = "stepwise.account";

const isText = (value) => typeof value === "string" && value.length > 0;

/** The stored log-in; null if there is none or it is not as expected. */
export function readAccount(storage = localStorage) {
  try {
    const content = JSON.parse(storage.getItem(KEY));
    const { access, refresh, username, role } = content ?? {};
    return [access, refresh, username, role].every(isText) ? { access, refresh, username, role } : null;
  } catch {
    return null;
  }
}

/** Keep a log-in in this browser. */
export function storeAccount(account, storage = localStorage) {
  try {
    storage.setItem(KEY, JSON.stringify(account));
  } catch {
    // Private windows may refuse; the log-in lasts until the page is closed.
  }
}

/** Forget the log-in of a user; the log-in of another user, made in another tab, stays. */
export function forgetAccount({ username }, storage = localStorage) {
  const current = readAccount(storage);
  if (current !== null && current.username !== username) return;
  try {
    storage.removeItem(KEY);
  } catch {
    // Where nothing can be removed, nothing was stored.
  }
}

/**
 * The log-in to store, from the response to a log-in, a registration or a refresh.
 *
 * @throws {Problem} if something else has responded, such as the log-in of a network
 */
export function accountOf({ access_token: access, refresh_token: refresh, user }) {
  const account = { access, refresh, username: user?.username, role: user?.role };
  if (!Object.values(account).every(isText)) throw new Problem("unreadable");
  return account;
}
