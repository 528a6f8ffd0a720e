// All words of the class page; those of the log-in are in account/texts.js.
import { clock, count, number } from "../shared/format.js";

export const LINKS = [["/teach", "Classes"]];

const whole = (value) => number(Math.round(value));

export const ENTER = {
  title: "Your classes",
  about: "See what each class knows, who needs help, and what marks to expect in the exam.",
  logIn: "Log in as a teacher",
  demo: (name) => `Look around as ${name}`,
  demoAbout: "The demo’s teacher has a class of 25. No password is needed on this machine.",
  register: "New here?",
  registerAbout: "The operator of this site invites you with a code.",
};

export const ROLES = {
  notTeacher: "This page is for teachers",
  notTeacherAbout: (name) => `${name} is the account of a student.`,
  toStudy: "Open your study page",
};

export const PAGE = {
  loading: "Loading the class …",
  loadingClasses: "Loading your classes …",
  updated: (moment) => `Updated ${clock(moment)}`,
  picker: "Class",
  atRisk: (name, n, all) => `${name}: ${n} of ${count(all, "student")} at high risk`,
  someRisk: (name, n, all) => `${name}: ${n} of ${count(all, "student")} at some risk`,
  calm: (name, all) => `${name}: ${all === 1 ? "the only student is not" : `none of ${count(all, "student")} is`} at risk`,
  empty: (name) => `${name}: nobody has joined yet`,
  about: (n, grade) => `${count(n, "student")} · year ${grade}`,
  expected: ["If the exam were today, the class would be expected to get ", " of 100 marks on average", "."],
  range: ({ lower, upper }) => `, most likely between ${whole(lower)} and ${whole(upper)}`,
  confidence: { high: "", medium: " Few answers: take it as a first estimate.", low: " Very few answers: take it as a guess." },
  newest: (mark) => ` In the latest exam with marks, the class got ${whole(mark)} on average.`,
  noClass: "You have no class yet",
  noClassAbout: "Create one, and give its code to your students.",
};

export const COUNTS = {
  label: "Filter students",
  all: ["students", "the whole class"],
  high: ["at high risk", "mastery below 40"],
  medium: ["at some risk", "mastery 40 to 60"],
  none: ["on track", "mastery 60 or more"],
};

export const STUDENTS = {
  title: "Students",
  label: "Students with expected marks and risk",
  shown: (n, all) => `${n} of ${count(all, "student")}`,
  columns: { student: "Student", expected: "Expected marks", picture: "0 to 100", risk: "Risk", why: "Why" },
  range: (lower, upper) => `${whole(lower)} to ${whole(upper)}`,
  risk: { high: "high", medium: "medium", none: "none" },
  why: (mean, topics) => `Mastery ${whole(mean)} in the topics with the most marks${topics.length ? `. Lowest topics: ${topics}` : ""}`,
  topic: ({ topic_name: name, mastery_score: score }) => `${name} ${whole(score)}`,
  dash: "–",
  about: "Expected marks as if the exam were today. In 19 of 20 cases the mark lies inside the band. The line is at 50.",
  noName: (id) => `No name (${id.slice(0, 4)})`,
  nobody: "No student is in this group.",
};

export const STUDENT = {
  expected: "Expected marks",
  risk: "Risk",
  mastery: "Mastery in the topics with the most marks",
  lowest: "Lowest topics",
  noWeak: "Topics below 40 are listed here for students at risk.",
  marks: "Exam marks",
  noMarks: "No marks have been entered.",
  out: "Remove from the class",
  outAbout: (name, klass) => `${name} leaves ${klass}. The answers stay with the student, who can join again with the code.`,
  outYes: "Remove",
  outBusy: "Removing …",
  keep: "Keep in the class",
};

export const TOPICS = {
  title: "What the class knows",
  weakest: (names) => `Weakest for their weight: ${names}.`,
  solid: "No topic that has been begun is below 40.",
  notBegunCount: (n) => ` Nobody has begun ${count(n, "topic")}.`,
  notBegun: "not begun",
  label: "Mean mastery of the class by topic",
  columns: { topic: "Topic", class: "Class", exam: "Share of exam", below: "Below 40" },
  about: "Amber: a mean below 40. A topic that a student has not begun counts as 0.",
  below: (n) => `${n} below 40`,
  none: "There are no topics yet",
  noneAbout: "They appear when a syllabus has been imported with POST /api/learning/content.",
};

export const JOIN = {
  title: "Join code",
  about: "Students enter it on the study page, or when they create their account.",
  closed: "Nobody can join now.",
  copy: "Copy the code",
  copied: "Copied",
  renew: "New code",
  renewing: "Changing …",
  close: "Close the class",
  closing: "Closing …",
  open: "Open with a new code",
};

export const CLASS = {
  create: "New class",
  title: "New class",
  name: "Name of the class",
  nameHint: "For example “10 B”.",
  nameMissing: "Enter the name of the class.",
  grade: "School year",
  gradeWrong: "Enter a number from 1 to 12.",
  save: "Create the class",
  saving: "Creating …",
};

export const MARKS = {
  open: "Enter exam marks",
  title: "Enter exam marks",
  exam: "Name of the exam",
  examMissing: "Enter the name of the exam.",
  date: "Date of the exam",
  dateMissing: "Choose the date of the exam.",
  about: "In percent of the marks, 0 to 100. Leave the field empty for a student without a mark. Marks of the same exam and day are replaced.",
  mark: (name) => `Mark of ${name}`,
  wrong: "Enter a number from 0 to 100.",
  nothing: "Enter at least one mark.",
  save: (n) => `Save ${count(n, "mark")}`,
  saving: "Saving …",
  wrongCount: (n) => `${n} fields need a change`,
  heading: "Exam marks",
  last: (exam, date, mean, n) => `${exam}, ${date}: an average of ${whole(mean)} over ${count(n, "mark")}`,
  none: "No marks have been entered.",
};

export const DEVICES = {
  title: "Devices",
  none: "No student has studied on a device of their own.",
  unnamed: "A student",
  last: (when) => `last synced ${when}`,
  pending: (n) => `${count(n, "change")} waiting`,
  rejected: (n) => `${count(n, "change")} refused`,
  more: (n) => `Show ${n} more`,
};

export const ARMS = {
  title: "Do plans help?",
  about: "Half of the class follows the planner, the other half decides alone. After the next exam you see what the plans brought, and how certain that is.",
  warning: "Those who decide alone get no recommendations and no plans until you end the comparison.",
  draw: "Draw two halves",
  drawTitle: "Draw two halves of the class?",
  drawYes: (n) => `Draw for ${count(n, "student")}`,
  drawing: "Drawing …",
  cancel: "Not now",
  more: "Draw for new students",
  label: "Marks with and without plans",
  columns: { arm: "Group", students: "Students", marks: "With a mark", mean: "Mean mark" },
  arms: { planner: "Follow the planner", own: "Decide alone" },
  none: "–",
  difference: (value, { lower, upper }) => `With plans ${signed(value)} marks on average, most likely between ${signed(lower)} and ${signed(upper)}.`,
  exam: (exam, date) => `${exam}, ${date}.`,
  chosen: "Not all groups were drawn at random, so the difference may have other reasons.",
  end: "End the comparison",
  endTitle: "End the comparison?",
  endAbout: "All students get recommendations and plans again. Marks stay.",
  ending: "Ending …",
};

/** A difference with its sign. */
export function signed(value) {
  return `${value < 0 ? "−" : "+"}${number(Math.abs(value), 1)}`;
}

/** A day: "14 December 2026". */
export function dayOf(date) {
  return new Date(`${date.slice(0, 10)}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}
