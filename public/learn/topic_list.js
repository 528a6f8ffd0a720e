// The topics to practise: what brings the most marks first, then all by subject.
import { Share } from "../shared/chart.js";
import { Empty } from "../shared/elements.js";
import { html, useEffect } from "../shared/html.js";
import { subjectsOf } from "./model.js";
import { MASTERY, NEXT, PRACTICE } from "./texts.js";

const MAX_RECOMMENDED = 3;

export function TopicList({ overview }) {
  const { advice, topics, mastery, progress } = overview;
  const subjects = subjectsOf(topics, mastery.topics, progress);
  useEffect(() => {
    document.title = `${PRACTICE.title} – Stepwise`;
  }, []);
  if (!subjects.length) return html`<h1>${PRACTICE.title}</h1><${Empty} level="h2" title=${MASTERY.empty}>${MASTERY.emptyAbout}<//>`;
  return html`<div class="flow loose">
    <h1>${PRACTICE.title}</h1>
    ${advice.recommendations.length > 0
      ? html`<section class="flow"><h2>${PRACTICE.recommended}</h2><div class="cols">
          ${advice.recommendations.slice(0, MAX_RECOMMENDED).map((row) => html`<a class="card door" key=${row.topic_id} href=${`#practise=${row.topic_id}`}>
            <b><bdi>${row.topic_name}</bdi></b>
            <span class="soft small">${NEXT.otherGain(row.components.session_marks, row.components.session_minutes)}</span>
            <span class="go">${NEXT.start} <span aria-hidden="true">→</span></span>
          </a>`)}
        </div></section>`
      : html`<p class="soft">${advice.message}</p>`}
    <section class="flow"><h2>${PRACTICE.allTopics}</h2>
      <div class="cols">${subjects.map((subject) => html`<div class="card flow tight" key=${subject.id}>
        <h3><bdi>${subject.name}</bdi></h3>
        <ul class="topics">${subject.topics.map((topic) => html`<li key=${topic.id}>
          <span class="row nw"><a class="grow small" href=${`#practise=${topic.id}`}><bdi>${topic.name}</bdi></a><span class="small soft num">${topic.band === "none" ? MASTERY.bands.none : Math.round(topic.score)}</span></span>
          <${Share} value=${topic.score / 100} height=${4} />
        </li>`)}</ul>
      </div>`)}</div>
    </section>
  </div>`;
}
