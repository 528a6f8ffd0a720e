// The dialog with the results of a pool.
import { download } from "../shared/csv.js";
import { Dialog } from "../shared/dialog.js";
import { Action, Badge, Loading, ProblemNote } from "../shared/elements.js";
import { dateTime } from "../shared/format.js";
import { html, useCallback, useState } from "../shared/html.js";
import { useLive } from "../shared/live.js";
import { Table } from "../shared/table.js";
import { RESULTS } from "./texts.js";

const MAX_RESULTS = 100;

const percentiles = (proficiency) =>
  (proficiency ?? []).map((value) => (value === null ? "–" : Math.round(100 * value))).join(", ");

/** The whole CSV, page by page; only the first page keeps its header. */
async function wholeCsv(api, path) {
  let text = "";
  let cursor = null;
  do {
    const page = await api("GET", path, { query: { format: "csv", cursor }, as: "text" });
    text += cursor === null ? page.text : page.text.slice(page.text.indexOf("\n") + 1);
    cursor = page.nextCursor;
  } while (cursor);
  return text;
}

export function ResultsDialog({ api, poolId, onClose }) {
  const path = `/api/pools/${poolId}/results`;
  const load = useCallback((signal) => api("GET", path, { query: { limit: MAX_RESULTS }, signal }), [api, path]);
  const live = useLive(load, { interval: null });
  const [problem, setProblem] = useState(null);
  const save = async () => {
    setProblem(null);
    try {
      download("results.csv", await wholeCsv(api, path));
    } catch (failure) {
      setProblem(failure);
    }
  };
  const words = RESULTS.columns;
  const visibleProblem = problem ?? (live.data === null ? live.problem : null);
  return html`<${Dialog} title=${RESULTS.title} onClose=${onClose}>
    ${visibleProblem && html`<${ProblemNote} problem=${visibleProblem} />`}
    ${live.state === "loading" && html`<${Loading} label=${RESULTS.loading} />`}
    ${live.data && live.data.results.length === 0 && html`<p class="soft">${RESULTS.none}</p>`}
    ${live.data && live.data.results.length > 0 && html`<div class="row"><${Action} className="quiet" label=${RESULTS.download} busyLabel=${RESULTS.downloading} run=${save} /></div>
      <p class="soft small">${words.proficiency}: ${live.data.concept_names.join(", ")}. ${live.data.next_cursor ? RESULTS.shown(MAX_RESULTS) : ""}</p>
      <${Table} label=${RESULTS.title} rows=${live.data.results} columns=${[
        { name: "student", label: words.student, cell: (test) => html`<bdi>${test.student_id}</bdi> ${!test.proven && html`<${Badge}>${RESULTS.unproven}<//>`}` },
        { name: "date", label: words.date, className: "soft", cell: (test) => dateTime(test.completed_at ?? test.last_activity) },
        { name: "state", label: words.state, cell: (test) => test.status },
        { name: "right", label: words.right, num: true, cell: (test) => `${test.correct_responses} of ${test.total_questions}` },
        { name: "proficiency", label: words.proficiency, num: true, className: "line", cell: (test) => percentiles(test.proficiency) },
      ]} />`}
  <//>`;
}
