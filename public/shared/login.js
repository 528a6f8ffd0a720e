// The password of an operator: kept for this tab until the log-out, never in an address or on disk.
import { apiWith } from "./api.js";
import { useMemo, useState } from "./html.js";

const KEY = "stepwise.password";

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
  return { api, password, logIn: change, logOut: () => change(null) };
}
