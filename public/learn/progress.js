// Progress: mastery by subject and topic, 30 days, and wrong answers to learn from.
import { Chart, Line, Share } from "../shared/chart.js";
import { Badge, Empty } from "../shared/elements.js";
import { html, useEffect } from "../shared/html.js";
import { Table } from "../shared/table.js";
import { subjectsOf, timelineFacts } from "./model.js";
import { MASTERY, MISTAKES, TIMELINE, dayName } from "./texts.js";
import { DayBars } from "./timeline.js";

const KINDS = { excellent: "good", good: "good", fair: "info", "needs work": "", none: "" };
const MAX_CONCEPTS = 5;

const topicColumns = [
  { name: "topic", label: MASTERY.columns.topic, cell: ({ id, name }) => html`<a href=${`#practise=${id}`}><bdi>${name}</bdi></a>` },
  { name: "score", label: MASTERY.columns.score, num: true, cell: ({ band, score }) => html`<b>${band === "none" ? MASTERY.untouched : Math.round(score)}</b>` },
  { name: "bar", label: html`<span class="vh">${MASTERY.columns.score}</span>`, className: "pic line", cell: ({ score }) => html`<${Share} value=${score / 100} />` },
  { name: "band", label: MASTERY.columns.band, cell: ({ band }) => html`<${Badge} kind=${KINDS[band]}>${MASTERY.bands[band]}<//>` },
  { name: "today", label: MASTERY.columns.today, num: true, className: "hide-s", cell: ({ chance }) => (chance === null ? MASTERY.untouched : `${Math.round(chance)} %`) },
  { name: "week", label: MASTERY.columns.week, num: true, className: "hide-s", cell: ({ change }) => weekCell(change) },
  { name: "exam", label: MASTERY.columns.exam, num: true, className: "hide-s soft", cell: ({ weight }) => `${weight.toFixed(1)} %` },
];

function weekCell(change) {
  const points = Math.round(change);
  if (points === 0) return html`<span class="soft">±0</span>`;
  return html`<span class=${points > 0 ? "good" : "warn"}>${points > 0 ? "+" : "−"}${Math.abs(points)}</span>`;
}

function Subject({ subject, open }) {
  return html`<details class="subject card" open=${open}>
    <summary><h3><bdi>${subject.name}</bdi> <span class="soft small">${MASTERY.topics(subject.topics.length)}</span></h3><b class="num">${Math.round(subject.score)}</b><${Share} value=${subject.score / 100} /></summary>
    <div class="mb"><${Table} label=${MASTERY.label(subject.name)} columns=${topicColumns} rows=${subject.topics} rowKey=${({ id }) => id} /></div>
  </details>`;
}

const dayColumns = [
  { name: "date", label: TIMELINE.columns.date, cell: ({ date }) => dayName(date) },
  { name: "answers", label: TIMELINE.columns.answers, num: true, cell: ({ questions_attempted: answers }) => answers },
  { name: "right", label: TIMELINE.columns.right, num: true, cell: ({ accuracy }) => (accuracy === null ? MASTERY.untouched : `${Math.round(accuracy)} %`) },
  { name: "mastery", label: TIMELINE.columns.mastery, num: true, cell: ({ mastery_score: score }) => score.toFixed(1) },
];

function Month({ timeline }) {
  const facts = timelineFacts(timeline);
  if (!timeline.length) return null;
  const points = timeline.map((day, place) => [place - timeline.length + 1, day.mastery_score]);
  return html`<section class="card flow" aria-labelledby="month">
    <h2 id="month">${TIMELINE.title}</h2>
    <p class="small">${facts.answers ? TIMELINE.summary(facts.days, facts.answers, facts.accuracy) : TIMELINE.empty} ${TIMELINE.mastery(facts.from, facts.to)}</p>
    <div class="cols wide2">
      <figure class="flow tight"><figcaption class="small soft">${TIMELINE.answersName}</figcaption><${DayBars} timeline=${timeline} height=${150} /></figure>
      <${Chart} title=${TIMELINE.masteryLabel(facts.from, facts.to)} x=${[1 - timeline.length, 0]} y=${[0, 100]} xName=${TIMELINE.daysAgo} yName=${TIMELINE.masteryName} height=${210}>
        ${({ x, y, top, bottom }) => html`<${Line} points=${points} x=${x} y=${y} top=${top} bottom=${bottom} area />`}
      <//>
    </div>
    <details><summary>${TIMELINE.table}</summary><${Table} label=${TIMELINE.title} columns=${dayColumns} rows=${[...timeline].reverse()} rowKey=${({ date }) => date} /></details>
  </section>`;
}

function Mistakes({ mistakes }) {
  return html`<section class="card flow" aria-labelledby="mistakes">
    <h2 id="mistakes">${MISTAKES.title}</h2>
    <div class="cols">${mistakes.slice(0, MAX_CONCEPTS).map((concept) => html`<div class="flow tight" key=${concept.concept_id}>
      <h3><bdi>${concept.concept_name}</bdi> <span class="soft small">${MISTAKES.about(concept.wrong_answers)}</span></h3>
      <ul class="small">${concept.most_common.map((row) => {
        const [before, answer, after] = MISTAKES.yours(row.answer, row.count);
        return html`<li key=${`${row.question_id} ${row.answer}`}><bdi>${row.question_text}</bdi> <span class="soft">${before}<bdi>${answer}</bdi>${after}.</span></li>`;
      })}</ul>
    </div>`)}</div>
  </section>`;
}

/** @param {{overview: object}} props */
export function Progress({ overview }) {
  const { progress, topics, mastery } = overview;
  const subjects = subjectsOf(topics, mastery.topics, progress);
  useEffect(() => {
    document.title = `${MASTERY.title} – Stepwise`;
  }, []);
  return html`<div class="flow loose">
    <div class="flow tight"><h1>${MASTERY.title}</h1><p class="soft">${MASTERY.overall(mastery.mastery_score)}</p></div>
    ${subjects.length === 0 && html`<${Empty} level="h2" title=${MASTERY.empty}>${MASTERY.emptyAbout}<//>`}
    <section class="flow" aria-label=${MASTERY.all}>
      <h2 class="vh">${MASTERY.all}</h2>
      ${subjects.map((subject, place) => html`<${Subject} key=${subject.id} subject=${subject} open=${place === 0} />`)}
      <p class="small soft">${MASTERY.about}</p>
    </section>
    <${Month} timeline=${progress.timeline} />
    ${progress.mistakes.length > 0 && html`<${Mistakes} mistakes=${progress.mistakes} />`}
  </div>`;
}
