// The password of an operator: kept for this tab until the log-out, never in an address or on disk.
import { apiWith } from "./api.js";
import { useMemo, useState } from "./html.js";

const KEY = "stepwise.password";
const PLACEHOLDER = "YOUR_ADMIN_PASSWORD"; // the local server takes it for an operator's password

/** The password of this tab, null before the log-in. */
export function storedPassword(storage = sessionStorage) {
  return storage.getItem(KEY);
}

/** Keep a password for this tab; null forgets it. */
export function storePassword(password, storage = sessionStorage) {
  if (password === null) storage.removeItem(KEY);
  else storage.setItem(KEY, password);
}

/** The log-in of a page: its API and what changes it. */
export function useLogin() {
  const [password, setPassword] = useState(storedPassword);
  const api = useMemo(() => apiWith(password), [password]);
  const change = (value) => {
    storePassword(value);
    setPassword(value);
  };
  // Calls that answer strangers, too, tell an operator more. Without a password that is for the local
  // server alone, and only once it has answered an operator's call.
  const operatorApi = useMemo(() => apiWith(password ?? PLACEHOLDER), [password]);
  return { api, operatorApi, password, logIn: change, logOut: () => change(null) };
}

/** Whether the page comes from the local server, which needs no password on its own machine. */
export function isLocal(hostname) {
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}
