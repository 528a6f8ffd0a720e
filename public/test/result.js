// The end of a test: the headline, the profile before and after, and the links to go on.
import { apiWith } from "../shared/api.js";
import { download, toCsv } from "../shared/csv.js";
import { Loading, Page, ProblemNote } from "../shared/elements.js";
import { html, useCallback, useEffect, useRef } from "../shared/html.js";
import { useLive } from "../shared/live.js";
import { resultOf } from "./results.js";
import { OverTime } from "./history.js";
import { Profile, ProfileLegend } from "./profile.js";
import { LEVELS, LINKS, RESULT, headline } from "./texts.js";

const api = apiWith(null);

function seconds({ started_at: from, completed_at: to, last_activity: last }) {
  const end = to ?? last;
  return from && end ? (Date.parse(end) - Date.parse(from)) / 1000 : null;
}

function save(profile) {
  const rows = profile.map((row) => [row.name, LEVELS[row.level], row.value, row.low, row.high, row.before]);
  download(RESULT.file, toCsv([RESULT.header, ...rows]));
}

function ProfileCard({ test, profile }) {
  const farthestFromMiddle = profile.reduce((best, row) => (Math.abs(row.value - 50) > Math.abs(best.value - 50) ? row : best));
  return html`<section class="card flow">
      <div class="row"><h2>${RESULT.profile}</h2><div class="push"><${ProfileLegend} before=${profile.some((row) => row.before !== null)} /></div></div>
      <${Profile} profile=${profile} />
      <details><summary>${RESULT.meaning(farthestFromMiddle.value)}</summary><p class="small soft">${RESULT.meaningText(farthestFromMiddle.value, farthestFromMiddle.name)}</p></details>
      ${!test.proven && html`<p class="small soft">${RESULT.unproven}</p>`}
    </section>`;
}

/** @param {{test: {sessionId: string, studentId: string}, tests: object[]}} props */
export function Result({ test, tests }) {
  const load = useCallback((signal) => resultOf(api, test, signal), [test.sessionId]);
  const live = useLive(load, { interval: null });
  const heading = useRef(null);
  useEffect(() => heading.current?.focus(), [live.state]);
  const { test: testRecord, profile } = live.data ?? {};
  const title = testRecord && (profile?.length ? headline(profile) : RESULT.undisclosed);
  useEffect(() => {
    if (title) document.title = `${title} – Stepwise`;
  }, [title]);
  return html`<${Page} links=${LINKS} current="/test">
    ${live.state === "loading" && html`<${Loading} label=${RESULT.loading} />`}
    ${live.state === "failed" && html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />`}
    ${testRecord && html`<div class="flow loose">
      <div class="flow">
        <p class="soft small">${RESULT.when(testRecord.completed_at ?? testRecord.started_at)}</p>
        <h1 ref=${heading} tabindex="-1">${title}</h1>
        ${profile?.length
          ? html`<p>${RESULT.figures(testRecord.total_questions, testRecord.correct_responses, seconds(testRecord))} ${RESULT.ends[testRecord.end_reason] ?? ""}</p>`
          : html`<p>${RESULT.undisclosedHint}</p>`}
      </div>
      ${profile?.length > 0 && html`<${ProfileCard} test=${testRecord} profile=${profile} />`}
      ${tests.length > 1 && html`<section class="card flow"><div class="row"><h2>${RESULT.over}</h2><a class="push small" href="#tests">${RESULT.all}</a></div><${OverTime} tests=${tests} /></section>`}
      <div class="row noprint">
        <a class="btn" href="/test">${RESULT.again}</a>
        <button type="button" class="quiet" onClick=${() => print()}>${RESULT.print}</button>
        ${profile?.length > 0 && html`<button type="button" class="quiet" onClick=${() => save(profile)}>${RESULT.csv}</button>`}
      </div>
    </div>`}
  <//>`;
}
