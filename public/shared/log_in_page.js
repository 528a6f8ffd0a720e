// The log-in of a page, and its bar after the log-in.
import { apiWith } from "./api.js";
import { LogInForm, Page } from "./elements.js";
import { html, useEffect, useState } from "./html.js";
import { isLocal, useLogin } from "./login.js";
import { LOGIN } from "./texts.js";

/**
 * A page behind a log-in; the local server needs none.
 *
 * @param {{current: string, title: string, about: string, button: string, probe: string, size?: string,
 *   children: (inside: {api: Function, refuse: () => void}) => any}} props `probe` is the path of a call
 *   that needs the password, except from the local server's own machine; `refuse` shows the log-in again
 */
export function LogInPage({ current, title, about, button, probe, size, children }) {
  const { api, bearerApi, password, logIn, logOut } = useLogin();
  const [state, setState] = useState(password === null ? "outside" : "inside");
  useEffect(() => {
    if (state === "inside" || !isLocal(location.hostname)) return;
    api("GET", probe).then(() => setState("inside"), () => {});
  }, []);
  const check = async (enteredPassword) => {
    await apiWith(enteredPassword)("GET", probe);
    logIn(enteredPassword);
    setState("inside");
  };
  const leave = () => {
    logOut();
    setState("outside");
  };
  const inside = state === "inside";
  const bar = inside && password !== null && html`<button type="button" onClick=${leave}>${LOGIN.logOut}</button>`;
  return html`<${Page} current=${current} bar=${bar} size=${size}>
    ${inside
      ? children({ api: bearerApi, refuse: leave })
      : html`<div class="flow"><h1>${title}</h1><${LogInForm} title=${LOGIN.title} button=${button} check=${check}><p class="soft">${about}</p><//></div>`}
  <//>`;
}
