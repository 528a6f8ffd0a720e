// One pool: charts, flagged questions, concepts, all questions, versions; imports, tickets and results.
import { Share } from "../shared/chart.js";
import { Action, Badge, Empty, Field, Loading, Note, ProblemNote } from "../shared/elements.js";
import { dateTime, number } from "../shared/format.js";
import { html, useCallback, useMemo, useState } from "../shared/html.js";
import { useLive } from "../shared/live.js";
import { useAllPages } from "../shared/pages.js";
import { SortHead, Table, sorted, useRowsAtATime } from "../shared/table.js";
import { Precision, Scatter } from "./charts.js";
import { ImportFile } from "./import.js";
import { conceptRows, flaggedQuestions, preciseRange, matchingQuestions } from "./model.js";
import { QuestionDialog } from "./question.js";
import { ResultsDialog } from "./results.js";
import { CONCEPTS, FLAGS, LIST, PAGE, POOL, VERSIONS } from "./texts.js";
import { TicketsDialog } from "./tickets.js";

const VALUES = {
  question: (question) => question.content,
  difficulty: (question) => question.parameters.difficulty,
  discrimination: (question) => question.parameters.discrimination,
  shown: (question) => question.times_shown,
  right: (question) => question.right_share,
};

const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);

function OpenButton({ question, onOpen }) {
  return html`<button type="button" class="plain" onClick=${() => onOpen(question)}><span class="mono soft">${question.id}</span> <bdi>${question.content.slice(0, 140)}</bdi></button>`;
}

function Flagged({ flags, onOpen }) {
  return html`<section class="card flow" aria-labelledby="flagged">
    <div class="row"><h2 id="flagged">${FLAGS.title}</h2>${flags.length > 0 && html`<${Badge} kind="warn">${flags.length}<//>`}</div>
    ${flags.length === 0
      ? html`<p class="soft">${FLAGS.none}</p>`
      : html`<${Table} label=${FLAGS.title} rows=${flags} rowKey=${({ question }) => question.id} columns=${[
          { name: "question", label: FLAGS.columns.question, className: "line", cell: ({ question }) => html`<${OpenButton} question=${question} onOpen=${onOpen} />` },
          { name: "why", label: FLAGS.columns.why, className: "line", cell: ({ flags: reasons }) => reasons.map((flag) => flag.why).join("; ") },
          { name: "what", label: FLAGS.columns.what, cell: ({ flags: reasons }) => html`<${Badge} kind="warn">${reasons[0].what}<//>` },
        ]} />`}
  </section>`;
}

function Concepts({ rows, precision }) {
  const words = CONCEPTS.columns;
  const ranges = precision?.concepts.map(({ deviations }) => preciseRange(precision.proficiencies, deviations, precision.precise_enough));
  return html`<section class="card flow" aria-labelledby="concepts"><h2 id="concepts">${CONCEPTS.title}</h2>
    <${Table} label=${CONCEPTS.title} rows=${rows.map((row, place) => ({ ...row, range: ranges?.[place] }))} rowKey=${(row) => row.name} columns=${[
      { name: "name", label: words.name, cell: (row) => row.name },
      { name: "count", label: words.count, num: true, cell: (row) => html`${row.count} <span class="soft only-s">questions</span>` },
      { name: "range", label: words.range, num: true, className: "hide-s", cell: (row) => (row.count ? `${number(row.easiest, 2)} to ${number(row.hardest, 2)}` : CONCEPTS.none) },
      { name: "shown", label: words.shown, className: "pic line", cell: (row) => html`<${Share} value=${row.mostShown} />` },
      { name: "of", label: words.of, num: true, className: "hide-s", cell: (row) => percent(row.mostShown) },
      { name: "precision", label: CONCEPTS.precision, num: true, cell: (row) => row.range === null ? html`<${Badge} kind="warn">${CONCEPTS.imprecise}<//>` : row.range && html`<span class="soft only-s">${CONCEPTS.precision.toLowerCase()} </span>${CONCEPTS.precise(row.range)}` },
    ]} />
  </section>`;
}

function Questions({ questions, onOpen }) {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState({ name: null, descending: false });
  const rows = useMemo(() => {
    const matching = matchingQuestions(questions, search);
    return order.name ? sorted(matching, VALUES[order.name], order.descending) : matching;
  }, [questions, search, order]);
  const { visibleRows, more } = useRowsAtATime(rows);
  const words = LIST.columns;
  const head = (name, style = "") => html`<${SortHead} name=${name} label=${words[name]} order=${order} onSort=${setOrder} className=${style} />`;
  return html`<section class="card flow" aria-labelledby="all"><h2 id="all">${LIST.title}</h2>
    <form role="search" onSubmit=${(event) => event.preventDefault()}>
      <${Field} label=${LIST.search} hint=${LIST.searchHint}>${(props) => html`<input ...${props} type="search" value=${search} onInput=${(event) => setSearch(event.target.value)} />`}<//>
    </form>
    ${rows.length === 0
      ? html`<${Empty} title=${LIST.none} action=${html`<button type="button" class="quiet" onClick=${() => setSearch("")}>${LIST.clear}</button>`}>${LIST.noneHint}<//>`
      : html`<table class="flat stacked" role="table" aria-label=${LIST.title}>
          <thead role="rowgroup"><tr role="row">${head("question")}${head("difficulty", "num")}${head("discrimination", "num")}${head("shown", "num")}${head("right", "num")}</tr></thead>
          <tbody role="rowgroup">${visibleRows.map((question) => html`<tr role="row" key=${question.id}>
            <th role="rowheader" scope="row" class="line"><${OpenButton} question=${question} onOpen=${onOpen} /> ${question.retired && html`<${Badge}>${LIST.retired}<//>`}</th>
            <td role="cell" class="num">${number(question.parameters.difficulty, 2)}</td>
            <td role="cell" class="num hide-s">${number(question.parameters.discrimination, 2)}</td>
            <td role="cell" class="num hide-s">${number(question.times_shown)}</td>
            <td role="cell" class="num hide-s">${percent(question.right_share)}</td>
          </tr>`)}</tbody>
        </table>`}
    ${more && html`<div class="row mid">${more}</div>`}
    <p class="soft small" role="status">${LIST.shown(rows.length, questions.length)}</p>
  </section>`;
}

function Versions({ api, pool, versions, onChange }) {
  const [problem, setProblem] = useState(null);
  const goBack = async (version) => {
    setProblem(null);
    try {
      await api("POST", "/api/admin-pool-version", { body: { question_pool_id: pool.id, version } });
      onChange();
    } catch (failure) {
      setProblem(failure);
    }
  };
  const words = VERSIONS.columns;
  return html`<section class="card flow" aria-labelledby="versions"><h2 id="versions">${VERSIONS.title}</h2>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    <${Table} label=${VERSIONS.title} rows=${versions.slice(0, 20)} rowKey=${(row) => row.version} columns=${[
      { name: "version", label: words.version, cell: (row) => html`${row.version} ${row.version === pool.version && html`<${Badge} kind="good">${VERSIONS.current}<//>`}` },
      { name: "origin", label: words.origin, className: "line", cell: (row) => VERSIONS.origins[row.origin] ?? row.origin },
      { name: "date", label: words.date, className: "soft", cell: (row) => dateTime(row.created_at) },
      { name: "questions", label: words.questions, num: true, className: "hide-s", cell: (row) => number(row.question_count) },
      { name: "action", label: words.action, num: true, cell: (row) => row.version !== pool.version && html`<${Action} className="quiet" label=${VERSIONS.goBack} busyLabel=${VERSIONS.goingBack} run=${() => goBack(row.version)} />` },
    ]} />
  </section>`;
}

function Proposal({ api, details, onChange }) {
  const [problem, setProblem] = useState(null);
  const { proposal, pool } = details;
  if (proposal === null) return null;
  const accept = async () => {
    setProblem(null);
    try {
      await api("POST", "/api/admin-calibrate", { body: { question_pool_id: pool.id, accept: proposal.number } });
      onChange();
    } catch (failure) {
      setProblem(failure);
    }
  };
  return html`${problem && html`<${ProblemNote} problem=${problem} />`}
    <${Note} kind="warn" fact=${POOL.proposal(proposal.questions, proposal.drifted)} action=${html`<${Action} className="quiet" label=${POOL.accept} busyLabel=${POOL.accepting} run=${accept} />`}>${POOL.proposalHint}<//>`;
}

function Content({ api, details, list, precision, reload }) {
  const [open, setOpen] = useState(null);
  const { pool, selection, rules } = details;
  const questions = list.data.rows;
  const names = Array.from({ length: pool.concept_count }, (_, place) => POOL.concept(place, pool.concept_names?.[place] ?? null));
  const flags = useMemo(() => flaggedQuestions(questions, { testCount: pool.test_count, maxExposure: selection.max_exposure }), [questions, details]);
  const openQuestion = questions.find((question) => question.id === open?.question);
  const show = (question) => setOpen({ question: question.id });
  const close = () => setOpen(null);
  return html`<div class="flow loose">
    <div class="row">
      <div><p class="small"><a href="#">${PAGE.allPools}</a></p><h1><bdi>${pool.name ?? PAGE.unnamed(pool.id)}</bdi></h1><p class="soft">${POOL.subtitle(pool)}</p><p class="soft small">${POOL.rules(rules)}</p></div>
      <div class="row push"><button type="button" class="quiet" onClick=${() => setOpen({ dialog: "tickets" })}>${POOL.tickets}</button><button type="button" class="quiet" onClick=${() => setOpen({ dialog: "results" })}>${POOL.results}</button></div>
    </div>
    <${Proposal} api=${api} details=${details} onChange=${reload} />
    ${!list.data.done && html`<p class="soft small" role="status">${POOL.loadingRest(questions.length, pool.question_count + pool.retired_count)}</p>`}
    ${pool.question_count === 0 && html`<${Note} kind="warn" fact=${POOL.empty} />`}
    <${ImportFile} api=${api} pool=${pool} onDone=${reload} />
    ${pool.question_count > 0 && html`<div class="cols wide2"><${Scatter} questions=${questions} flags=${flags} />${precision && html`<${Precision} precision=${precision} />`}</div>
      <${Flagged} flags=${flags} onOpen=${show} />
      <${Concepts} rows=${conceptRows(questions, names, pool.test_count)} precision=${precision} />`}
    ${questions.length > 0 && html`<${Questions} questions=${questions} onOpen=${show} />`}
    <${Versions} api=${api} pool=${pool} versions=${details.versions} onChange=${reload} />
    ${openQuestion && html`<${QuestionDialog} key=${openQuestion.id} api=${api} poolId=${pool.id} question=${openQuestion} names=${names} onClose=${close} onChange=${reload} />`}
    ${open?.dialog === "tickets" && html`<${TicketsDialog} api=${api} poolId=${pool.id} onClose=${close} />`}
    ${open?.dialog === "results" && html`<${ResultsDialog} api=${api} poolId=${pool.id} onClose=${close} />`}
  </div>`;
}

/** The view of one pool. */
export function Pool({ api, poolId }) {
  const path = `/api/pools/${encodeURIComponent(poolId)}`;
  const load = useCallback(
    async (signal) => {
      const [details, precision] = await Promise.all([api("GET", path, { signal }), api("GET", `${path}/precision`, { signal })]);
      return { details, precision };
    },
    [api, path],
  );
  const about = useLive(load, { interval: null });
  const list = useAllPages(api, `${path}/questions`, "questions");
  const reload = () => {
    about.reload();
    list.reload();
  };
  const failed = [about, list].find((live) => live.data === null && live.problem !== null);
  if (failed) return html`<div class="flow"><h1>${PAGE.title}</h1><${ProblemNote} problem=${failed.problem} retry=${reload} /><p><a href="#">${PAGE.allPools}</a></p></div>`;
  if (about.data === null || list.data === null) return html`<div class="flow"><h1>${PAGE.title}</h1><${Loading} label=${POOL.loading} rows=${8} /></div>`;
  return html`<${Content} api=${api} details=${about.data.details} precision=${about.data.precision} list=${list} reload=${reload} />`;
}
