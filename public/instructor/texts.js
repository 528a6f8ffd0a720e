// All words of the instructor's dashboard.
import { count, duration } from "../shared/format.js";

export const TITLE = "Instructor dashboard";
export const STUCK_MINUTES = 20;

export const LOGIN = {
  open: "Admin Login",
  title: "Admin Login",
  about: "The dashboard shows names and progress of your students, so it needs a password.",
  button: "Load Sessions",
};

export const STATUS = {
  active: { label: "Active", hint: `progress in the last ${STUCK_MINUTES} min` },
  stuck: { label: "Stuck", hint: `${STUCK_MINUTES} min without progress, or a raised hand` },
  notStarted: { label: "Not started", hint: "no step begun" },
  completed: { label: "Completed", hint: "every step" },
};

export const SORTS = {
  help: "Needs help first",
  name: "Name",
  done: "Steps done",
  time: "Time spent",
  seen: "Last seen",
};

export const STATES = {
  ".": { sign: "·", word: "not begun" },
  b: { sign: "…", word: "begun" },
  v: { sign: "V", word: "validated" },
  c: { sign: "C", word: "committed" },
  d: { sign: "D", word: "deployed" },
  y: { sign: "✓", word: "done" },
};

export const LEGEND = [
  ["v", "", "V", "validated"],
  ["c", "", "C", "committed"],
  ["d", "", "D", "deployed"],
  ["y", "", "✓", "done"],
  ["", "yes", "…", "now here"],
  ["", "stuck", "!", "stuck here"],
];

export const WORDS = {
  loading: "Loading the students …",
  loadingRest: (loaded, all) => `${loaded} of ${all} students loaded; the counts grow until all are here.`,
  search: "Search",
  searchHint: "Name or e-mail",
  status: "Status",
  all: "All",
  sort: "Sort by",
  course: "Course",
  students: "Students",
  matrix: "Students and steps",
  export: (rows) => `Export ${count(rows, "row")}`,
  funnel: "Reached this step or a later one",
  of: (students) => `of ${students}`,
  biggestDrop: "the biggest drop",
  shown: (shown, all) => `${shown} of ${count(all, "student")}.`,
  drop: (lost, from, to) => `Biggest drop: ${count(lost, "student")} reached step ${from} and not yet step ${to}.`,
  pause: "Pause",
  resume: "Resume",
  paused: "Paused",
  live: (seconds) => `Live, ${duration(seconds)}`,
  hands: (n) => `${count(n, "hand")} raised.`,
  hand: (step, waiting) => (step ? ` at step ${step} for ${waiting}` : ` for ${waiting}`),
  showFirst: "Show them first",
  nobody: "No student has begun",
  nobodyHint: "They appear here by themselves as soon as someone opens the workshop page.",
  noMatch: (status, search) => `No ${status ? `${status.toLowerCase()} student` : "student"}${search ? ` named “${search}”` : ""}`,
  elsewhere: (others) => (others ? `${count(others, "student")} of that name ${others === 1 ? "has" : "have"} another status.` : "Try a part of the name or of the e-mail."),
  showAll: "Show all statuses",
  clear: "Clear the search",
  subtitle: (students, steps) => `${count(students, "student")} · ${count(steps, "step")}`,
};

export const DETAIL = {
  email: (email) => email ?? "no e-mail",
  seen: (begun, seen) => `begun ${begun} · last seen ${seen === "now" ? "now" : `${seen} ago`}`,
  asks: (step, waiting) => `Asks for help${step ? ` at step ${step}` : ""}, for ${waiting}.`,
  helped: "Mark as helped",
  helping: "Saving …",
  steps: "Steps",
  columns: { step: "Step", time: "Time", median: "Class median", state: "State" },
  configuration: "Configuration",
  keySet: "set",
  keyMissing: "not set",
  unset: "not saved yet",
  fields: {
    has_api_key: "OpenAI key",
    has_twilio_account_sid: "Twilio account",
    call_direction: "Call direction",
    selected_voice: "Voice",
    use_case_description: "Use case",
    github_repo_url: "Repository",
    codespace_url: "Codespace",
    railway_url: "Deployment",
    websocket_url: "WebSocket",
    system_prompt: "System prompt",
  },
  events: "Latest events",
  noEvents: "No events yet.",
  bugs: "Bug reports",
  noBugs: "No bug reports.",
  sessions: "Sessions",
  sessionColumns: { begun: "Begun", step: "Step", done: "Done", action: "Action" },
  closed: "closed",
  demo: "demo",
  newLink: "New token …",
  newLinkDone: "New token created.",
  newLinkHint: "The former one opens nothing any more. Send this one to the student:",
  deleteSession: "Delete …",
  deleteSessionTitle: "Delete this session",
  deleteSessionWhat: (step, rate) => `This removes the session at step ${step} (${rate} %) with its steps, events and bug reports. It cannot be undone.`,
  deleteSessionButton: "Delete session",
  deleteStudent: "Delete this student",
  deleteStudentWhat: (sessions) => `Removes ${count(sessions, "session")} of this course and everything else about the person. This cannot be undone.`,
  deleteStudentOpen: "Delete student …",
  deleteStudentButton: "Delete student",
  deleted: "Deleted.",
  tests: "Test results",
  noTests: "No adaptive test was taken under this student’s id.",
  testColumns: { date: "Test", questions: "Questions", right: "Right" },
  loading: "Loading the student …",
  eventNames: {
    session_created: "Session begun",
    step_started: "Step begun",
    step_progress: "Report",
    step_completed: "Step completed",
    deployment_success: "Deployed",
    deployment_failure: "Deployment failed",
    bug_reported: "Bug reported",
    session_claimed: "E-mail given",
    email_changed: "E-mail changed",
    help_asked: "Asked for help",
    help_withdrawn: "Help no longer needed",
    help_given: "Marked as helped",
    token_replaced: "New token",
    session_expired: "Session closed",
  },
};
