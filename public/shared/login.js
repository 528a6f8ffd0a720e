// The password of an operator or instructor, which is kept for this tab until the log-out, never in an address.
import { apiWith } from "./api.js";
import { useMemo, useState } from "./html.js";

const KEY = "stepwise.password";
const PLACEHOLDER = "YOUR_ADMIN_PASSWORD"; // the local server accepts it as an operator's password

/** The password of this tab, null before the log-in. */
export function storedPassword(storage = sessionStorage) {
  return storage.getItem(KEY);
}

/** Keep a password for this tab; null forgets it. */
export function storePassword(password, storage = sessionStorage) {
  if (password === null) storage.removeItem(KEY);
  else storage.setItem(KEY, password);
}

/** The log-in of a page: the API with its password, and functions to log in and out. */
export function useLogin() {
  const [password, setPassword] = useState(storedPassword);
  const api = useMemo(() => apiWith(password), [password]);
  const change = (value) => {
    storePassword(value);
    setPassword(value);
  };
  // For calls that return more with a password. Without one, a placeholder is sent, so use it only after the
  // local server has answered a call that needs a password.
  const bearerApi = useMemo(() => apiWith(password ?? PLACEHOLDER), [password]);
  return { api, bearerApi, password, logIn: change, logOut: () => change(null) };
}

/** Whether the page comes from the local server, which needs no password on its own machine. */
export function isLocal(hostname) {
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}
