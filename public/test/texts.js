// All texts of the test page and of the test on the landing page.
import { clock, count, dateTime, duration } from "../shared/format.js";

export const LINKS = [
  ["/workshop", "Workshop"],
  ["/test", "Test"],
  ["/learn", "Study"],
];

const listOf = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

export const INTRO = {
  title: "Take a test",
  readyTitle: "Your test is ready",
  about: "Each question is chosen based on your answers so far: questions get harder as you get better, and most people get about half of them right.",
  rules: [
    "One question at a time. You cannot go back to an earlier one.",
    "Keys 1 to 9 choose an answer, Enter sends it.",
    "You may reload or close the page and come back. After 30 minutes without an answer, the test closes with the answers so far.",
  ],
  start: "Start the test",
  starting: "Starting …",
  pools: "Choose a test",
  pool: (questions, concepts) => `drawn from ${count(questions, "question")}${concepts?.length ? ` · ${listOf(concepts)}` : ""}`,
  ticketTitle: "Do you have a ticket?",
  ticketLabel: "Ticket",
  ticketHint: "Paste the ticket or the link that your teacher sent you.",
  ticketMissing: "Paste your ticket first.",
  ticketButton: "Use this ticket",
  noPools: "Tests here begin with a link from your teacher.",
  loading: "Loading the test …",
  earlier: "Your tests",
};

const START_PROBLEMS = {
  ticket_required: ["This test needs a ticket.", "Ask your teacher for a link."],
  ticket_invalid: ["This ticket is not valid.", "Copy the whole link that your teacher sent you, or ask for a new one."],
  ticket_expired: ["This ticket has expired.", "Ask your teacher for a new one."],
  ticket_used_up: ["This ticket has been used.", "Ask your teacher for another one if you may take the test again."],
  pool_not_found: ["This test no longer exists.", "Ask your teacher for a new link."],
  nothing_to_ask: ["There is no question to ask in this test.", "Tell your teacher."],
  starts_used_up: ["You have taken this test as often as allowed today.", "Try again tomorrow."],
};

/** The reason why a test did not start, and what to do now; null where the words of `ProblemNote` fit. */
export function startProblem(problem) {
  const words = START_PROBLEMS[problem.code];
  if (words) return words;
  if (["refused", "rights", "conflict", "missing", "credential"].includes(problem.kind)) return ["The test did not start.", problem.message];
  return null;
}

export const TEST = {
  title: (n) => `Question ${n}`,
  number: (n) => `Question ${n}`,
  of: (most) => `of at most ${most}`,
  exactly: (all) => `of ${all}`,
  earlier: "Some tests end earlier, once the result is precise.",
  progress: (n, most) => `Question ${n} of at most ${most}`,
  send: "Send answer",
  sending: "Sending …",
  waiting: "Waiting for the connection",
  choose: "Choose an answer first.",
  keys: (options) => [`1`, ` to `, `${Math.min(9, options)}`, ` choose, `, `Enter`, ` sends`],
  why: "Why this question?",
  offline: "You are offline. Your answer is kept on this device.",
  noAnswer: "The server is not responding. Your answer is kept on this device.",
  kept: "It will be sent automatically when the connection is back, and counts once. You may close this page and come back.",
  next: (seconds) => `Next try in ${duration(seconds)}`,
  tryNow: "Try now",
  moved: "This test went on in another tab.",
  movedHint: "Here is the next question.",
  resumed: "Welcome back.",
  resumedHint: (answered) => (answered ? `Your ${count(answered, "answer")} so far ${answered === 1 ? "is" : "are"} saved.` : "You have not answered yet."),
  leave: "Leave",
  leaveTitle: "Leave the test?",
  leaveLater: "Your answers are saved. Come back to this page within 30 minutes to go on.",
  leaveNow: "Or end the test now: your answers so far make up the result.",
  later: "Go on later",
  end: "End the test now",
  ending: "Ending …",
};

/** The reason why a question was chosen, as far as it is known: [before, concept, after]. */
export function whyWords({ concepts, leastCertain }) {
  if (!concepts.length) return ["Of all questions that are left, this one tells the most about your level.", "", ""];
  if (leastCertain) {
    const about = concepts.length > 1 ? "This one is mainly about " : "This one is about ";
    return [about, concepts[0], ", where your result is the least certain."];
  }
  return ["This one is about ", listOf(concepts), ". At your level, it tells more about you than the other questions."];
}

export const CLOSED = {
  title: (at) => (at ? `This test closed at ${clock(at)}` : "This test has closed"),
  idle: "There was no answer for 30 minutes.",
  over: "It accepts no more answers.",
  saved: (answers) => (answers ? `Your ${count(answers, "answer")} ${answers === 1 ? "is" : "are"} saved and ${answers === 1 ? "counts" : "count"}; the question that was open does not.` : "You had not answered a question yet."),
  what: "What you can do",
  reset: "It was reset, so its answers do not count.",
  result: "See your result so far",
  again: "Start again",
  hint: "If you had a ticket, ask your teacher for another one.",
};

export const GONE = ["Your last test no longer exists.", "Start a new one."];

export const LEVELS = { below: "below the middle", around: "around the middle", above: "above the middle" };

export const RESULT = {
  loading: "Loading your result …",
  when: (moment) => `Test of ${dateTime(moment)}`,
  figures: (answers, right, seconds) => `${count(answers, "question")}, ${right} right${seconds === null ? "" : `, ${duration(seconds)}`}.`,
  ends: {
    max_questions: "The test asked all of its questions.",
    precision: "The test ended because your result is precise enough.",
    classification: "The test ended because it is clear on which side of the middle you are.",
    small_gain: "The test ended because more questions would hardly change the result.",
    ended: "You ended the test.",
    expired: "The test closed after 30 minutes without an answer.",
    exhausted: "The test ended because there was no question left.",
    reset: "This test was reset and does not count.",
  },
  profile: "Your profile",
  columns: { concept: "Concept", level: "Level", low: "below", middle: "middle of all students", high: "above", value: "0 to 100", change: "Change" },
  now: "now",
  before: "before the test",
  band: "your level in 95 of 100 cases",
  range: (low, high) => `${low} to ${high}`,
  same: "about the same",
  change: (points) => (points > 0 ? `+${points}` : `−${-points}`),
  was: (points) => `was ${points}`,
  meaning: (value) => `What does ${value} mean?`,
  meaningText: (value, name) => `It compares you with all students: about ${value} of 100 ${value === 1 ? "has" : "have"} a lower level in ${name}, and the middle is 50. A test cannot measure your level exactly, so the band shows where your level lies with a probability of 95 %. A change inside the band may be chance.`,
  undisclosed: "Your answers are saved.",
  undisclosedHint: "The result of this test is not shown yet. Ask your teacher.",
  over: "Over time",
  all: "All your tests",
  again: "Take another test",
  print: "Print",
  csv: "Download as CSV",
  file: "result.csv",
  header: ["concept", "level", "value", "lowest", "highest", "before"],
  unproven: "This test was taken without a ticket, so it is practice and does not change your record.",
};

/** The headline of a result: which concepts are above and below the middle. */
export function headline(profile) {
  const names = (level) => profile.filter((row) => row.level === level).map((row) => row.name);
  const [above, below] = [names("above"), names("below")];
  const several = profile.length === 2 ? "both concepts" : `all ${count(profile.length, "concept")}`;
  const all = profile.length > 1 ? several : profile[0]?.name;
  if (!above.length && !below.length) return `You are around the middle in ${all}.`;
  if (above.length === profile.length) return `You are above the middle in ${all}.`;
  if (below.length === profile.length) return `You are below the middle in ${all}, so far.`;
  if (!below.length) return `You are above the middle in ${listOf(above)}.`;
  if (!above.length) return `You are below the middle in ${listOf(below)}, so far, and around it in the rest.`;
  return `You are above the middle in ${listOf(above)}, and below it in ${listOf(below)}, so far.`;
}

export const HISTORY = {
  title: "Your tests",
  moved: (name, first, last, tests) => `${name} went from ${first} to ${last} over ${count(tests, "test")}`,
  same: (name, tests) => `${name} is about the same over ${count(tests, "test")}`,
  about: "Tests that were taken in this browser, newest first.",
  loading: "Loading your tests …",
  concept: "Concept",
  mean: "Mean of all concepts",
  meanOf: "The mean of your concepts",
  columns: { date: "Test", value: "0 to 100", change: "Since the previous test", questions: "Questions", right: "Right" },
  chart: (points) => `Over ${count(points.length, "test")}: ${points.map((point) => point.value).join(", ")}`,
  pool: (concepts) => `Test in ${listOf(concepts)}`,
  first: "first test",
  empty: "No test yet",
  emptyHint: "Tests that you take in this browser appear here.",
  take: "Take a test",
  forget: "Forget these tests on this device",
  forgetHint: "Do this on a shared computer. The tests stay recorded.",
  gone: (tests) => `${count(tests, "test")} could not be loaded.`,
};
