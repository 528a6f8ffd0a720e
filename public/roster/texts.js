// All texts of the roster import.
import { count } from "../shared/format.js";

export const ROSTER = {
  title: "Import a roster",
  about: "The students on the list appear at once, as “not started”. Importing it again changes nothing.",
  choose: "Choose a file",
  again: "Choose another file",
  hint: "CSV with columns for e-mail and name, and optionally the GitHub name; also GitHub Classroom’s classroom_roster.csv.",
  byGithub: "Enroll those without an e-mail by their GitHub name",
  notStored: "Nothing is stored yet.",
  parts: ({ created, enrolled, updated, unchanged, repeated }) =>
    [
      [created, "new"],
      [enrolled, "known but new in this course"],
      [updated, "with a new name"],
      [unchanged, "unchanged"],
      [repeated, "repeated in the file"],
    ]
      .filter(([n]) => n > 0)
      .map(([n, what]) => `${n} ${what}`)
      .join(", "),
  nobody: "The file has no student who can be enrolled.",
  ready: (n) => `${count(n, "student")} can be enrolled:`,
  rejected: (n) => `${count(n, "line")} cannot be read:`,
  errors: "Errors by line",
  ignored: (names) => `These columns are not read: ${names.join(", ")}.`,
  button: (n) => `Enroll ${count(n, "student")}`,
  busy: "Enrolling …",
  done: (n) => `${count(n, "student")} enrolled.`,
  large: "The file is larger than 4 MB. Split it, and import its parts one after the other.",
};
