// Texts that several pages share; each page's own are in the texts.js of its folder.
import { clock, duration } from "./format.js";

export const NAV = [
  ["/instructor-dashboard", "Dashboard"],
  ["/questions", "Questions"],
  ["/admin", "Admin"],
];

export const LOGIN = {
  title: "Log in",
  label: "Password",
  hint: "ADMIN_PASSWORD or INSTRUCTOR_PASSWORD of your deployment. It stays in this tab.",
  enter: "Enter the password from your deployment’s settings.",
  logOut: "Log out",
};

export const PART = { failed: "This part of the page could not be loaded.", retry: "Try again" };

const BY_KIND = {
  offline: ["This computer is offline.", "Nothing was lost. Try again when the connection is back."],
  timeout: ["The server took too long to respond.", "Nothing was lost. Try again in a moment."],
  unreadable: ["The response could not be read.", "Something between this page and the server changed it."],
  credential: ["This password is not right.", "After 5 wrong ones there is a pause of 15 minutes."],
  rights: ["This password does not allow that.", ""],
  missing: ["This no longer exists.", ""],
  conflict: ["Something else changed in the meantime.", ""],
  busy: ["The server is not ready.", "Nothing was lost."],
  refused: ["This was not accepted.", ""],
  server: ["The server could not answer.", "Nothing was lost. Try again."],
};

/** A problem in words: the fact, and what to do now. `now` is in milliseconds. */
export function explain(problem, now = Date.now()) {
  if (problem.kind === "limited") {
    const seconds = problem.seconds ?? 60;
    const until = clock(now + seconds * 1000);
    return { fact: "Too many attempts.", advice: `You can try again in ${duration(seconds)}, at ${until}.` };
  }
  const [fact, usual] = BY_KIND[problem.kind] ?? BY_KIND.server;
  const message = ["credential", "offline", "timeout", "unreadable"].includes(problem.kind) ? "" : problem.message;
  return { fact, advice: [message, usual].filter(Boolean).join(" ") };
}

/** The line above data that could not be refreshed. */
export function staleLine(problem, loadedAt, nextAt, now) {
  const fact = problem.kind === "offline" ? "This computer is offline." : `No answer for ${duration((now - loadedAt) / 1000)}.`;
  const again = nextAt === null ? "" : ` Trying again in ${duration(Math.max(1, (nextAt - now) / 1000))}.`;
  return { fact, advice: `These figures are from ${clock(loadedAt)}.${again}` };
}
