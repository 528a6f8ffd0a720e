// The token of this browser's session. It is a credential, so it does not stay in an address for long.

const KEY = "stepwise.workshop";

/** The stored token, null if there is none. */
export function storedToken(storage = localStorage) {
  return storage.getItem(KEY);
}

/** Keep a token on this device; null forgets it. */
export function storeToken(token, storage = localStorage) {
  try {
    if (token === null) storage.removeItem(KEY);
    else storage.setItem(KEY, token);
  } catch {
    // Private windows may refuse; the session works until the page is closed.
  }
}
