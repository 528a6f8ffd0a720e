// All words of the study page; those of the log-in are in account/texts.js.
import { clock, count, dateTime, duration, number } from "../shared/format.js";

export const LINKS = [
  ["/learn", "Today"],
  ["/learn#practise", "Practise"],
  ["/learn#progress", "Progress"],
];

export const ENTER = {
  title: "What should you study today?",
  about: "See what brings the most marks in your exam, practise it, and watch your knowledge grow.",
  logIn: "Log in",
  demo: (name) => `Look around as ${name}`,
  demoAbout: "The demo’s student has practised for a month. No password is needed on this machine.",
  register: "New here?",
  registerAbout: "An account keeps your answers and plans your time until the exam.",
};

/** A gain in marks: "3.2 marks", "0.21 marks". */
export function marks(value) {
  const digits = value >= 9.95 ? 0 : value >= 0.95 ? 1 : 2;
  return `${(digits ? number(value, digits) : number(Math.round(value))).replace(/\.0$/, "")} ${value.toFixed(digits) === "1.0" ? "mark" : "marks"}`;
}

/** A length of study in minutes: "20 min", "1 h 20", "2 h". */
export function minutes(value) {
  return duration(Math.round(value) * 60).replace(/ 00$/, "");
}

/** A day: "Thursday, 26 November"; `short` is "Thu 26". */
export function dayName(date, short = false) {
  const options = short ? { weekday: "short", day: "numeric" } : { weekday: "long", day: "numeric", month: "long" };
  return new Date(`${date.slice(0, 10)}T12:00:00Z`).toLocaleDateString("en-GB", { ...options, timeZone: "UTC" });
}

/** A day with its year: "11 February 2027". */
export function dayWithYear(date) {
  return new Date(`${date.slice(0, 10)}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

export const TODAY = {
  title: "Today",
  loading: "Loading your day …",
  on: (exam, date) => (date === null ? exam : `${exam} on ${dayWithYear(date)}`),
  exam: (days) => {
    if (days === null) return "Your exam has no date yet.";
    if (days < 0) return "Your exam is over.";
    return days === 0 ? "Your exam is today." : `${count(days, "day")} to your exam.`;
  },
  brings: (value) => `Today can earn you about ${marks(value)}.`,
  sessionBrings: (value, length) => `The next ${minutes(length)} can earn you about ${marks(value)}.`,
  nextDate: "Set the date of your next exam.",
  setDate: "Set its date to plan until then.",
  prediction: {
    stop: "If you stopped now, you would be expected to get ",
    stopped: (mark) => `${number(Math.round(mark))} of 100 marks`,
    stopRange: ({ lower, upper }) => `, most likely between ${number(Math.round(lower))} and ${number(Math.round(upper))}. `,
    plan: "With a plan, studying as regularly as in the last four weeks: ",
    planned: (mark) => number(Math.round(mark)),
    planRange: ({ lower, upper }) => `, between ${number(Math.round(lower))} and ${number(Math.round(upper))}.`,
    later: (days) => ` Both are for ${count(days, "day")} from now.`,
  },
  settings: "Change exam and hours",
};

export const NEXT = {
  first: "Do this next",
  revise: "revise",
  learn: "learn",
  ofExam: "of the exam’s marks",
  known: "known today",
  gain: (length) => `marks from ${minutes(length)}`,
  unlocks: (n) => (n === 1 ? "topic builds on it" : "topics build on it"),
  why: "Why this topic?",
  start: "Start practising",
  other: "Something else",
  others: "What the others would bring",
  otherGain: (value, length) => `${marks(value)} in ${minutes(length)}`,
  practise: "Practise",
  practiseTopic: (name) => `Practise ${name}`,
  nothing: "Nothing to recommend now",
};

export const PLAN = {
  title: "Today’s plan",
  of: (planned, hours) => `${minutes(planned)} of your ${minutes(hours * 60)}`,
  none: "There is no plan for today yet.",
  noneAbout: (hours) => `A plan fills your ${minutes(hours * 60)} with what brings the most marks.`,
  make: "Plan today",
  making: "Planning …",
  again: "Plan again",
  revision: "Revise",
  learning: "Learn",
  gain: (value) => `+${marks(value)}`,
  practised: "practised today",
  week: "This week",
  weekAbout: "Seven days, with time to revise.",
  makeWeek: "Plan the week",
  weekAgain: "Plan the week again",
  free: "free",
  own: "You decide for yourself what to study, so that your class can compare results with and without plans.",
  over: "Your exam is over. Set the date of the next one to plan again.",
  made: (moment) => `Made ${dateTime(moment)}.`,
  empty: "Nothing is open to study today.",
};

export const DEVICE = {
  title: "On this device",
  synced: (moment) => `Synced ${clock(moment)}`,
  syncing: "Syncing …",
  waiting: (n, answers) => `${count(n, n === answers ? "answer" : "change")} waiting`,
  rejected: (n) => `${n} refused`,
  failed: "Not synced",
  offline: "Offline",
  kept: "Your answers are kept on this device first, so you can practise offline.",
  since: (time) => `${time ? `Waiting since ${dateTime(Date.parse(time))}. ` : ""}Kept on this device, and sent as soon as you are online.`,
  send: "Send now",
  save: "Save unsent answers to a file",
  import: "Import answers from a file",
  imported: (added, duplicates) => `${count(added, "change")} imported${duplicates ? `; ${duplicates} ${duplicates === 1 ? "was" : "were"} here already` : ""}.`,
  refused: {
    format: "This is not a file of unsent answers.",
    version: "This file comes from another version of Stepwise.",
    damaged: "This file is damaged or incomplete. Nothing was imported.",
    early: "Go online once first: only then can this file be compared with your account.",
    student: "This file belongs to another student. Nothing was imported.",
    storage: "This browser has no room left. Nothing was imported.",
  },
  rejectedTitle: (n) => `The server has refused ${count(n, "change")}.`,
  rejectedAbout: "Refused changes do not count. Show the reasons to your teacher.",
  rejection: (time) => `${dateTime(Date.parse(time))}:`,
  answered: (answer) => `answer “${answer}”.`,
  noReason: "The server could not read it.",
  dismiss: "Remove from this list",
  leaveTitle: (n) => `${count(n, "change")} not sent yet`,
  leaveAbout: "If you log out now, everything unsent stays on this device and is sent after your next log-in here. Nobody else can see or send it with another account.",
  stay: "Stay and send",
  leave: "Log out anyway",
  noCopy: {
    unavailable: ["This browser keeps no data for this page.", "That is usual in a private window. Everything works while you are online."],
    full: ["This browser has no room left for this page.", "Everything works while you are online. Free some space to practise offline."],
  },
  outdated: ["This page is older than the server.", "Your answers are kept here. Reload the page while you are online; they are sent then."],
  asOf: (moment) => ["The server cannot be reached.", `Recommendations and plans are from ${dateTime(moment)}. Your answers since then count in what you know and in your 30 days.`],
  tryAgain: "Try again",
};

export const INSTALL = {
  title: "Install this page",
  about: "Once installed, it also opens without a connection, and your browser does not delete the answers that wait for the server.",
  menu: "Open the share menu of your browser, then choose “Add to Home Screen”.",
  install: "Install",
  later: "Not now",
};

export const CLASS = {
  title: "Your class",
  in: (name) => name,
  none: "You are not in a class.",
  code: "Class code",
  codeHint: "Your teacher has it.",
  codeMissing: "Enter the code of your class.",
  codeUnknown: "No class has this code. Ask your teacher for the current one.",
  join: "Join the class",
  joining: "Joining …",
  joined: (name) => `You are in ${name} now.`,
  notJoined: "Your account was created, but no class has this code. Ask your teacher for the current one.",
};

export const SETTINGS = {
  title: "Exam and hours",
  exam: "Your exam",
  date: "Date of the exam",
  dateHint: "Leave it empty if you do not know it yet.",
  grade: "School year",
  hours: "Hours a day for studying",
  save: "Save",
  saving: "Saving …",
};

export const TIMELINE = {
  title: "30 days",
  label: (days, answers, most) => `Answers on each of the last 30 days: ${count(days, "day")} with practice, ${count(answers, "answer")}, at most ${most} on a day`,
  summary: (days, answers, accuracy) => `You practised on ${days} of 30 days. ${count(answers, "answer")}${accuracy === null ? "" : `, ${Math.round(accuracy)} % right`}.`,
  empty: "No answers in the last 30 days.",
  table: "As a table",
  columns: { date: "Day", answers: "Answers", right: "Right", mastery: "Mastery" },
  mastery: (from, to) => `Mastery over all topics: from ${Math.round(from)} to ${Math.round(to)} of 100.`,
  masteryLabel: (from, to) => `Mastery over all topics in the last 30 days, from ${Math.round(from)} to ${Math.round(to)} of 100`,
  masteryName: "Mastery",
  answersName: "Answers a day",
  daysAgo: "days ago",
};

export const WEEK = {
  title: "This week",
  rose: "Risen:",
  fell: "Fallen:",
  change: (name, change) => `${name} ${change >= 0 ? "+" : "−"}${Math.abs(Math.round(change))}`,
  none: "Nothing has moved by a point or more in the last seven days.",
};

export const MASTERY = {
  title: "What you know",
  more: "See all topics",
  overall: (score) => `${Math.round(score)} of 100 over all topics, weighted by their marks`,
  label: (subject) => `Mastery of the topics of ${subject}`,
  columns: { topic: "Topic", score: "Mastery", band: "In words", today: "Right today", week: "This week", exam: "Share of exam" },
  bands: { excellent: "excellent", good: "good", fair: "fair", "needs work": "needs work", none: "not begun" },
  about: "Mastery, from 0 to 100, is what you knew when you last answered. “Right today” is the chance that your next answer is right; it falls while you do not practise.",
  topics: (n) => count(n, "topic"),
  untouched: "–",
  empty: "There are no topics yet",
  emptyAbout: "They appear here as soon as a teacher has imported a syllabus.",
  all: "All topics",
};

export const MISTAKES = {
  title: "Wrong answers to learn from",
  about: (n) => count(n, "wrong answer"),
  yours: (answer, n) => [`You wrote `, answer, n > 1 ? `, ${n} times` : ""],
};

export const PRACTICE = {
  title: "What do you want to practise?",
  loading: "Loading questions …",
  recommended: "Brings the most marks",
  allTopics: "All topics",
  none: "This topic has no questions yet",
  noneAbout: "Choose another one. Your teacher can add questions.",
  choose: "Choose another topic",
  number: (n) => `Question ${n}`,
  of: (usual) => `of about ${clockOf(usual)}`,
  timer: (seconds) => `${clockOf(seconds)}`,
  timerLabel: "Time for this question",
  answer: "Your answer",
  answerHint: "A number, such as 3.5 or −2.",
  missing: "Choose an answer first.",
  missingNumber: "Enter a number first.",
  truth: { true: "True", false: "False" },
  confidence: "How sure are you?",
  confidences: { 1: "A guess", 2: "Unsure", 3: "Fairly sure", 4: "Sure", 5: "Certain" },
  missingConfidence: "Say how sure you are.",
  send: "Send answer",
  sending: "Sending …",
  keys: (options) => [`1 to ${options}`, " choose the answer, ", "Enter", " goes on, ", "1 to 5", " say how sure you are, ", "Enter", " sends"],
  numberKeys: ["Enter", " goes on, ", "1 to 5", " say how sure you are, ", "Enter", " sends"],
  right: "Right.",
  rightSure: "Right, and you knew it.",
  rightGuess: "Right. Look at it once more, so that it is not a guess next time.",
  wrong: "Not quite.",
  wrongSure: "Not quite, although you were sure: worth a second look.",
  theAnswer: "The right answer",
  yourAnswer: "Your answer",
  mastery: (name, before, after) => {
    const [from, to] = [Math.round(before), Math.round(after)];
    return from === to ? `Mastery of “${name}” stays at ${to}.` : `Mastery of “${name}”: from ${from} to ${to}.`;
  },
  next: "Next question",
  nextKeys: ["Enter", " goes on"],
  finish: "Finish",
  soFar: (right, all) => `${right} of ${all} right so far`,
  offline: "You are offline.",
  noAnswer: "The server is not responding.",
  kept: "Your answer is kept on this device and is sent again until the server has it.",
  notKept: "This browser has no room for your answer, so it is not saved. Stay on this question until you are online.",
  tryNow: "Try now",
  gone: ["This question is no longer there.", "Your answer to it was not stored. Go on with the next one."],
  done: (right, all) => (all === 0 ? "Nothing answered this time" : `${right} of ${all} right`),
  doneAbout: (name) => `That was practice in ${name}.`,
  allAnswered: "You have answered every question of this topic. They now repeat.",
  back: "Back to today",
  more: "Practise more",
  changed: "What has changed",
  before: "before",
};

/** Minutes and seconds: "1:05". */
export function clockOf(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export const ROLES = {
  notStudent: "This page is for students",
  notStudentAbout: (name) => `${name} is not a student’s account.`,
  toClasses: "Open your classes",
};
