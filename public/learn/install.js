// The study page as an app of its own: its service worker, and the browser's offer to install it.
import { useEffect, useState } from "../shared/html.js";
import { installIsPutOff, putOffInstall } from "./stored.js";

const WORKER = "/worker.js";
const STANDALONE = "(display-mode: standalone)";

let offer = null; // the browser's own dialog, which a click may open once
const listeners = new Set();

function setOffer(next) {
  offer = next;
  for (const listener of listeners) listener();
}

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  setOffer(event);
});
addEventListener("appinstalled", () => setOffer(null));

/** Keep a copy of the page's files in this browser, from which it opens offline. */
export function keepCopy() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // missing in some private windows, and without HTTPS
  const policy = globalThis.trustedTypes?.createPolicy("stepwise-worker", { createScriptURL: () => WORKER });
  const start = () => serviceWorker.register(policy ? policy.createScriptURL("") : WORKER, { scope: "/learn" }).catch(() => {});
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
}

/**
 * The way to install the page: "button" if the browser offers a dialog, "menu" on iPhones and iPads; null if the page
 * is installed, if the student has put that off, or if the browser offers neither.
 */
function way() {
  if (matchMedia(STANDALONE).matches || navigator.standalone === true || installIsPutOff(Date.now())) return null;
  if (offer) return "button";
  return navigator.standalone === false ? "menu" : null;
}

/** The way to install this page now, with what its buttons do: `{way, install, later}`. */
export function useInstall() {
  const [state, setState] = useState(way);
  useEffect(() => {
    const listener = () => setState(way());
    listeners.add(listener);
    listener();
    return () => listeners.delete(listener);
  }, []);
  const install = async () => {
    const dialog = offer;
    setOffer(null);
    await dialog.prompt();
  };
  const later = () => {
    putOffInstall(Date.now());
    setState(null);
  };
  return { way: state, install, later };
}
