// The values of the API's closed lists that the pages have words for, by list; test_closed_lists.py compares them.
import { irregular } from "../../public/admin/model.js";
import { AUDIT, MIGRATION, SYSTEM } from "../../public/admin/texts.js";
import { DETAIL, STATES } from "../../public/instructor/texts.js";
import { HEADLINES } from "../../public/landing/model.js";
import { TABLES } from "../../public/learn/offline/queue.js";
import { MASTERY } from "../../public/learn/texts.js";
import { VERSIONS } from "../../public/questions/texts.js";
import { ARMS, PAGE, STUDENTS } from "../../public/teach/texts.js";
import { RESULT } from "../../public/test/texts.js";

const OUTCOMES = ["mended", "kept raw", "skipped"];
const states = irregular({ findings: { groups: OUTCOMES.map((outcome) => ({ outcome })) } }).map(({ state }) => state);

console.log(JSON.stringify({
  health: Object.keys(SYSTEM.headline),
  landing: Object.keys(HEADLINES),
  audit: AUDIT.outcomes,
  findings: OUTCOMES.filter((_, place) => states[place] in MIGRATION.states),
  steps: Object.keys(STATES),
  events: Object.keys(DETAIL.eventNames),
  ends: Object.keys(RESULT.ends),
  origins: Object.keys(VERSIONS.origins),
  tables: TABLES,
  bands: Object.keys(MASTERY.bands),
  risks: Object.keys(STUDENTS.risk),
  confidences: Object.keys(PAGE.confidence),
  arms: Object.keys(ARMS.arms),
}));
