// All texts of the workshop page.
import { clock, count, dateTime, duration } from "../shared/format.js";

export const LINKS = [
  ["/workshop", "Workshop"],
  ["/test", "Test"],
  ["/learn", "Study"],
];

export const ENTRY = {
  title: "Open your workshop",
  about: "See your steps, ask for help, and change your settings.",
  beginTitle: "Begin here",
  beginAbout: "Your progress is recorded from the first step on. If you give an e-mail address, your instructor can find your session again if you lose your link.",
  name: "Name (optional)",
  email: "E-mail (optional)",
  emailWrong: "Enter an e-mail address such as ann@example.com, or leave this empty.",
  begin: "Begin the workshop",
  beginning: "Beginning …",
  backTitle: "Come back",
  token: "Link or token",
  tokenHint: "The link that you were sent, or the token of your session.",
  tokenMissing: "Paste your link or token first.",
  back: "Open my session",
  lookTitle: "See steps only",
  look: "E-mail or student id",
  lookHint: "Anyone may see which steps are done.",
  lookMissing: "Enter the e-mail address or the id first.",
  lookButton: "Show the steps",
  gone: ["This link no longer opens a session.", "It may have been replaced by a newer one: ask your instructor, or begin again."],
};

export const STEPS = {
  title: "Your steps",
  shared: "Steps",
  done: (done, all) => `${done} of ${count(all, "step")} done`,
  states: { done: "done", begun: "begun", open: "not begun", now: "you are here" },
  soFar: (time) => `${time} so far`,
  attempts: (n) => (n > 1 ? count(n, "attempt") : ""),
  parts: (done, all) => `${done} of ${all} done`,
  next: "next",
};

/** Parts of the steps of the built-in course: the session's column, and the words for it. */
export const PARTS = {
  1: [["twilio_connected", "Twilio connected"], ["openai_connected", "OpenAI connected"]],
  4: [["step4_code_validated", "code validated"], ["step4_committed", "committed"], ["step4_deployed", "deployed"]],
  5: [["step5_code_validated", "code validated"], ["step5_committed", "committed"], ["step5_deployed", "deployed"]],
  6: [["step6_code_validated", "code validated"], ["step6_committed", "committed"], ["step6_deployed", "deployed"]],
  7: [["system_prompt_saved", "prompt saved"], ["step7_committed", "committed"], ["step7_deployed", "deployed"]],
  8: [["tools_configured", "tools configured"], ["step8_code_validated", "code validated"], ["step8_committed", "committed"], ["step8_deployed", "deployed"]],
};

export const OWN = {
  loading: "Loading your steps …",
  hello: (headline) => [`Hello `, `, ${headline}`],
  at: (step, all) => `you are at step ${step} of ${all}`,
  begin: (all) => `you have ${count(all, "step")} ahead of you`,
  finished: (all) => (all === 1 ? "you have done the only step" : `you have done all ${count(all, "step")}`),
  about: (course, begun) => `${course} · begun ${dateTime(begun)}`,
  spent: (seconds) => `${duration(seconds)} spent`,
  demo: "demo",
  closed: "This session is closed. It opens again with your next report.",
  updated: (moment) => `Updated ${clock(moment)}`,
  leave: "Leave",
};

export const HELP = {
  title: "Stuck? Ask.",
  about: "Your instructor sees at once that you need help, and at which step.",
  ask: "Ask for help",
  asking: "Asking …",
  upTitle: "Your hand is up",
  since: (moment, step) => `Since ${clock(moment)}${step ? `, for step ${step}` : ""}.`,
  seen: "Your instructor sees it on the dashboard.",
  down: "I solved it, take my hand down",
  lowering: "Saving …",
};

export const SETTINGS = {
  title: "Settings",
  change: "Change settings",
  set: "set",
  missing: "not set",
  none: "Nothing is saved yet.",
  save: "Save settings",
  saving: "Saving …",
  saved: (moment) => `Settings saved at ${clock(moment)}.`,
  same: "Nothing has changed.",
  stale: ["Your settings were saved elsewhere in the meantime.", "Close this form and open it again to see them. What you wrote here is not saved."],
  otherStudent: ["This session belongs to another e-mail address.", "Ask your instructor if yours has changed."],
  secretHint: "Kept encrypted and never shown again. Leave it empty to keep the stored one.",
  wrong: (n) => (n === 1 ? "One field needs a change" : `${n} fields need a change`),
  url: "Enter the whole address, beginning with https://.",
  socket: "Enter the whole address, beginning with wss://.",
  email: "Enter an e-mail address such as ann@example.com.",
};

/** The fields of the configuration: name in requests, column of the session, label, kind; the built-in course has VOICE_FIELDS, too. */
export const FIELDS = [
  { name: "studentName", column: "student_name", label: "Your name", kind: "text", autocomplete: "name" },
  { name: "studentEmail", column: "student_email", label: "E-mail", kind: "email", autocomplete: "email" },
  { name: "githubUsername", column: "github_username", label: "GitHub name", kind: "text" },
  { name: "githubRepoUrl", column: "github_repo_url", label: "Repository", kind: "url" },
  { name: "codespaceUrl", column: "codespace_url", label: "Codespace", kind: "url" },
  { name: "railwayUrl", column: "railway_url", label: "Deployment", kind: "url" },
];

export const VOICE_FIELDS = [
  { name: "openaiApiKey", column: "has_api_key", label: "OpenAI key", kind: "secret" },
  { name: "twilioAccountSid", column: "has_twilio_account_sid", label: "Twilio account", kind: "secret" },
  { name: "callDirection", column: "call_direction", label: "Call direction", kind: "choice", choices: ["inbound", "outbound"] },
  { name: "useCaseDescription", column: "use_case_description", label: "Use case", kind: "long" },
  { name: "systemPrompt", column: "system_prompt", label: "System prompt", kind: "long", most: 5000 },
  { name: "ivrGreeting", column: "ivr_greeting", label: "Greeting", kind: "text" },
  { name: "ttsProvider", column: "tts_provider", label: "Voice provider", kind: "text" },
  { name: "selectedVoice", column: "selected_voice", label: "Voice", kind: "text" },
  { name: "selectedPhoneNumber", column: "selected_phone_number", label: "Phone number", kind: "text" },
  { name: "websocketUrl", column: "websocket_url", label: "WebSocket address", kind: "socket" },
];

export const BUG = {
  title: "Report a bug",
  about: "Something in the workshop itself is wrong.",
  open: "Write a report",
  what: "What happened?",
  missing: "Say what happened, in a sentence.",
  step: "At which step?",
  noStep: "No step",
  expected: "What did you expect? (optional)",
  send: "Send report",
  sending: "Sending …",
  sent: (number) => `Report ${number} was received.`,
  thanks: "Thank you. Your instructor can read it.",
};

export const SESSIONS = {
  title: "Your sessions",
  others: (n) => count(n, "other session"),
  columns: { course: "Course", step: "Step", done: "Done" },
  step: (step) => step || "–",
  this: "this one",
};

export const SHARE = {
  title: "Share your steps",
  about: "Anyone with this link sees which steps are done, and nothing else.",
  copy: "Copy the link",
  copied: "Copied",
};

export const SHARED = {
  loading: "Loading the steps …",
  at: (step, all) => `At step ${step} of ${all}`,
  begin: (all) => `Not begun: ${count(all, "step")} ahead`,
  finished: (all) => (all === 1 ? "The only step is done" : `All ${count(all, "step")} are done`),
  about: (course) => `${course} · shared view, with steps only`,
  empty: "No session yet",
  emptyHint: "As soon as a step is reported, it appears here automatically.",
  own: "Is this you?",
  open: "Open your workshop",
};
