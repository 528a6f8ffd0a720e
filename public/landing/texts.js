// All texts of the short test on the landing page; the rest of the page is in index.html.

export const DEMO = {
  title: "What is your level?",
  about: "8 questions, no account needed. After each answer you see your estimated level.",
  start: "Take a test now",
  starting: "Starting …",
  failed: ["The test could not be loaded.", "Check that you are online, and try again."],
  question: (n, most) => `Question ${n} of ${most}`,
  nothing: "There are no answers yet, so your level may lie anywhere.",
  unknown: "not known yet",
  label: "Your estimated level so far",
  band: "Each band contains your level in 95 of 100 cases; more questions make the bands narrower.",
  result: "See the whole result",
  again: "Take another test",
  missing: ["There is no demo test here.", "Open the link that your teacher sent you."],
  closed: ["This test has closed.", "You can start again."],
};

export const MOVED = {
  up: (points) => ` went up by ${points} after your last answer. `,
  down: (points) => ` went down by ${points} after your last answer. `,
};
