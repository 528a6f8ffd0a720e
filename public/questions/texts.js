// All texts of the authors' page.
import { count, number } from "../shared/format.js";

const percent = (share) => `${Math.round(100 * share)} %`;

export const PAGE = {
  title: "Questions",
  about: "The page shows questions with their right answers, so it needs a password.",
  button: "Show the pools",
  loading: "Loading the pools …",
  lead: (pools, questions) => `${count(pools, "pool")} · ${count(questions, "question")}`,
  none: "No pool yet",
  noneHint: "A pool is a set of questions that tests draw from. Import a file to make the first one.",
  pools: "Pools",
  allPools: "All pools",
  unnamed: (id) => `Pool ${id.slice(0, 8)}`,
  columns: { name: "Pool", questions: "Questions", concepts: "Concepts", tests: "Tests", answers: "Answers", changed: "Changed" },
};

export const POOL = {
  loading: "Loading the pool …",
  loadingRest: (loaded, all) => `${loaded} of ${count(all, "question")} loaded …`,
  subtitle: (pool) =>
    [count(pool.question_count, "question"), count(pool.concept_count, "concept"), count(pool.test_count, "test"), count(pool.answer_count, "answer")].join(" · "),
  rules: ({ admission, tells }) =>
    `${admission === "ticket" ? "Students need a ticket" : "Anybody may start a test"}; students see their proficiency ${tells === "each" ? "after each answer" : "at the end"}.`,
  tickets: "Tickets for a class",
  results: "Results",
  empty: "This pool has no question that can be asked.",
  proposal: (n, drifted) => `New estimates for ${count(n, "question")} wait for your decision${drifted ? `; ${drifted} of them drifted` : ""}.`,
  proposalHint: "The last calibration changed more than it may without approval. Until you accept its estimates, tests use the parameters as they are.",
  accept: "Use the new estimates",
  accepting: "Saving …",
  concept: (place, name) => name ?? `Concept ${place + 1}`,
};

export const CHARTS = {
  scatter: "Difficulty and discrimination",
  scatterHint: "Points should lie high and be well spread. Squares are flagged questions; a line shows the standard error of an estimate.",
  scatterSummary: (n, flagged) => `${count(n, "question")} by difficulty and discrimination; ${flagged ? `${flagged} flagged` : "none flagged"}.`,
  difficulty: "difficulty, percentile",
  discrimination: "discrimination",
  precision: "What the pool can measure",
  concept: "Concept",
  deviation: "standard deviation",
  proficiency: "proficiency, percentile",
  enough: "precise enough",
  precise: (name, range, questions) =>
    range
      ? `With ${count(questions, "question")}, a test measures ${name} precisely enough from percentile ${Math.round(100 * range[0])} to ${Math.round(100 * range[1])}.`
      : `With ${count(questions, "question")}, no test measures ${name} precisely enough: it needs more questions, or better ones.`,
  asTable: "As a table",
};

export const CONCEPTS = {
  title: "Concepts",
  columns: { name: "Concept", count: "Questions", range: "Difficulty", shown: "Most shown question", of: "of tests" },
  none: "no questions",
  precise: (range) => `${Math.round(100 * range[0])} to ${Math.round(100 * range[1])}`,
  imprecise: "nowhere",
  precision: "Precise at percentiles",
};

export const FLAGS = {
  title: "Flagged questions",
  none: "Nothing looks wrong. Questions are flagged here when their answers or options point to a problem.",
  columns: { question: "Question", why: "Why", what: "What to do" },
  noKey: { why: "Its right answer is not one of its options, so it is never asked", what: "correct the answer" },
  belowChance: (share, answers) => ({ why: `Right in ${percent(share)} of ${count(answers, "answer")}: less often than by guessing`, what: "check the right answer" }),
  drifted: (change) => ({ why: `The chance of a right answer differs by ${percent(change)} from what its former parameters predict`, what: "check whether it has leaked" }),
  weak: (discrimination, error) => ({ why: `Says little about ability: discrimination ${number(discrimination, 2)}${error ? ` ± ${number(error, 2)}` : ""}`, what: "retire or rewrite" }),
  shown: (share, limit) => ({ why: `Shown in ${percent(share)} of tests; the limit is ${percent(limit)}`, what: "add similar questions" }),
};

export const LIST = {
  title: "All questions",
  search: "Search",
  searchHint: "Words in the question, its options or its id",
  shown: (shown, all) => `${shown} of ${count(all, "question")}.`,
  none: "No question has these words",
  noneHint: "The search looks at ids, questions and options.",
  clear: "Clear the search",
  columns: { question: "Question", difficulty: "Difficulty", discrimination: "Discrimination", shown: "Shown", right: "Right" },
  retired: "retired",
};

export const QUESTION = {
  right: "right answer",
  facts: {
    difficulty: "Difficulty",
    discrimination: "Discrimination",
    guessing: "Guessing",
    shown: "Shown",
    source: "Parameters",
  },
  calibrated: (answers) => `estimated from ${count(answers, "answer")}`,
  written: "as the author wrote them",
  times: (shown, share) => (shown ? `${count(shown, "time")}, right in ${percent(share)}` : "not yet"),
  edit: "Edit",
  cancel: "Cancel",
  content: "Question",
  options: "Options, one per line",
  answer: "Right answer",
  answerHint: "The text of one of the options.",
  concepts: "Weights of the concepts",
  conceptsHint: (names) => `One number for each of: ${names.join(", ")}.`,
  difficulty: "Difficulty, between 0 and 1",
  discrimination: "Discrimination",
  guessing: "Guessing, 0 to 1",
  save: "Save the question",
  saving: "Saving …",
  saved: "Saved. Tests that start from now on use the new text.",
  noNumbers: "Enter numbers, separated by commas.",
  noAnswer: "The right answer must be one of the options.",
  changed: "Somebody else changed this question. Close it, and open it again to see the newest text.",
  retire: "Retire …",
  retireTitle: "Retire this question",
  retireWhat: (id) => `New tests no longer ask ${id}. Running tests and all results keep it, and an edit can bring it back.`,
  retireButton: "Retire question",
  retired: "Retired.",
};

export const IMPORT = {
  title: (name) => `Import: ${name}`,
  choose: "Choose a file",
  chooseHint: "JSON as the API takes it, or CSV with the columns question, option_a, option_b, …, answer, and optionally id, concepts, difficulty, discrimination, guessing.",
  checking: "Checking …",
  need: (bad, all) => `${bad} of ${all} ${bad === 1 ? "needs" : "need"} correction`,
  ready: "ready",
  can: (n) => `${count(n, "question")} can be imported.`,
  cannot: "No question can be imported.",
  notStored: "Nothing is stored yet.",
  correct: (bad) => `Correct the file and choose it again, or go on without ${bad === 1 ? "this one" : `these ${bad}`}.`,
  errors: "Errors by line",
  more: (n) => `and ${n} more`,
  ignored: (names) => `These columns are not read: ${names.join(", ")}.`,
  name: "Name of the new pool",
  button: (n) => `Import ${count(n, "question")}`,
  importing: (done, all) => `Importing ${done} of ${all} …`,
  again: "Choose another file",
  copy: "Copy the errors",
  copied: "Copied",
  preview: (n) => `Preview of ${n === 1 ? "the question" : `the first ${n}`}`,
  done: (n) => `${count(n, "question")} imported.`,
  partly: (done) => `${count(done, "question")} ${done === 1 ? "was" : "were"} imported before this; import the file again to complete the import.`,
};

export const FILE = {
  noJson: "this is not JSON: a comma, quote or bracket is missing or extra near this line",
  noQuestions: "the file has no list of questions",
  empty: "the file is empty",
  missing: (columns) =>
    `${columns.length === 1 ? "a column is" : "columns are"} missing: ${columns.map((column) => ({ content: "question", answer: "answer", option: "option_a, option_b, …" })[column]).join("; ")}`,
  noAnswer: (answer) => (answer ? `“${answer}” is not one of the options: write an option’s text, letter or number` : "the right answer is missing"),
  noNumber: (column, text) => `${column}: “${text}” is not a number`,
  noConcept: "the concept is missing",
  unknownConcept: (name, names) => `“${name}” is not a concept of this pool; it has ${names.join(", ")}`,
  repeated: (id, line) => `${id} is already on line ${line}`,
};

export const TICKETS = {
  title: "Tickets for a class",
  about: "A ticket lets one student take as many tests as you set here. Whoever has it can take them as this student, so send each student their own.",
  students: "Students, one per line",
  studentsHint: "An id, an e-mail or a name: results are listed under it. A single line may also list e-mails, or ids with a digit, separated by commas or semicolons.",
  days: "Days until they expire",
  uses: "Tests for each ticket",
  extra: "Extra time",
  extras: [
    [0, "none"],
    [0.25, "a quarter more"],
    [0.5, "half as much again"],
    [1, "twice the time"],
  ],
  none: "Enter at least one student.",
  make: "Make tickets",
  making: "Making tickets …",
  made: (n, until) => `${count(n, "ticket")} made, valid until ${until}.`,
  download: "Download as CSV",
  label: "Tickets",
  columns: { student: "Student", ticket: "Ticket" },
  header: ["student_id", "ticket", "link", "expires_at"],
};

export const RESULTS = {
  title: "Results",
  loading: "Loading the results …",
  none: "No test has been taken on this pool.",
  download: "Download all as CSV",
  downloading: "Loading …",
  columns: { student: "Student", state: "Test", date: "Date", questions: "Questions", right: "Right", proficiency: "Proficiency" },
  unproven: "not proven",
  shown: (n) => `The newest ${n}.`,
};

export const VERSIONS = {
  title: "Versions",
  columns: { version: "Version", origin: "Made by", date: "Date", questions: "Questions", action: "Action" },
  origins: {
    upload: "an upload or edit",
    calibration: "a calibration",
    adopted: "the questions of an older deployment",
    exposure: "a count of how often questions are shown",
    retired: "the retirement of a question",
    restored: "going back to an earlier version",
  },
  current: "current",
  goBack: "Go back to it",
  goingBack: "Going back …",
};
