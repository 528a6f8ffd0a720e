// The authors' page: the pools, and one of them.
import { Empty, Loading, ProblemNote } from "../shared/elements.js";
import { count, dateTime, number } from "../shared/format.js";
import { LogInPage } from "../shared/log_in_page.js";
import { html, lazy, render, useEffect, useState } from "../shared/html.js";
import { useAllPages } from "../shared/pages.js";
import { Table } from "../shared/table.js";
import { readHash } from "./model.js";
import { PAGE } from "./texts.js";

const ImportFile = lazy(() => import("./import.js"), "ImportFile");
const Pool = lazy(() => import("./pool.js"), "Pool");

const PATH = "/questions";
const POOLS = "/api/pools";

function usePool() {
  const [pool, setPool] = useState(() => readHash(location.hash));
  useEffect(() => {
    const read = () => setPool(readHash(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return pool;
}

function Pools({ pools }) {
  const words = PAGE.columns;
  return html`<section class="card flow"><h2>${PAGE.pools}</h2>
    <${Table} label=${PAGE.pools} rows=${pools} rowKey=${(pool) => pool.id} columns=${[
      { name: "name", label: words.name, cell: (pool) => html`<a href=${`#pool=${pool.id}`}><bdi>${pool.name ?? PAGE.unnamed(pool.id)}</bdi></a>` },
      { name: "questions", label: words.questions, num: true, cell: (pool) => html`${number(pool.question_count)}<span class="soft only-s"> ${words.questions.toLowerCase()}</span>` },
      { name: "concepts", label: words.concepts, className: "line soft", cell: (pool) => pool.concept_names?.join(", ") ?? count(pool.concept_count, "concept") },
      { name: "tests", label: words.tests, num: true, className: "hide-s", cell: (pool) => number(pool.test_count) },
      { name: "answers", label: words.answers, num: true, className: "hide-s", cell: (pool) => number(pool.answer_count) },
      { name: "changed", label: words.changed, className: "hide-s soft", cell: (pool) => dateTime(pool.changed_at) },
    ]} /></section>`;
}

function Overview({ api, live }) {
  const pools = live.data.rows;
  const questions = pools.reduce((sum, pool) => sum + pool.question_count, 0);
  const open = (poolId) => {
    live.reload();
    location.hash = `pool=${poolId}`;
  };
  return html`<div class="flow loose">
    <div><h1>${PAGE.title}</h1><p class="soft">${PAGE.lead(pools.length, questions)}</p></div>
    ${pools.length === 0 ? html`<section class="card flow"><h2>${PAGE.pools}</h2><${Empty} title=${PAGE.none}>${PAGE.noneHint}<//></section>` : html`<${Pools} pools=${pools} />`}
    <${ImportFile} api=${api} pool=${null} onDone=${open} />
  </div>`;
}

function Inside({ api, refuse }) {
  const live = useAllPages(api, POOLS, "pools");
  const chosenPoolId = usePool();
  useEffect(() => {
    if (live.problem?.kind === "credential") refuse();
  }, [live.problem]);
  if (live.data === null) {
    return html`<div class="flow"><h1>${PAGE.title}</h1>
      ${live.problem ? html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />` : html`<${Loading} label=${PAGE.loading} />`}
    </div>`;
  }
  if (chosenPoolId !== null) return html`<${Pool} key=${chosenPoolId} api=${api} poolId=${chosenPoolId} />`;
  return html`<${Overview} api=${api} live=${live} />`;
}

function App() {
  return html`<${LogInPage} current=${PATH} title=${PAGE.title} about=${PAGE.about} button=${PAGE.button} probe="/api/workshop-analytics?limit=1">
    ${(inside) => html`<${Inside} ...${inside} />`}
  <//>`;
}

render(html`<${App} />`, document.getElementById("app"));
