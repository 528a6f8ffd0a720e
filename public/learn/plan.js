// The plan of today and of the week.
import { Action, Badge, Note, ProblemNote } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { daysFrom, planOn, totalMinutes } from "./model.js";
import { PLAN, dayName, minutes } from "./texts.js";

const REFUSALS = { own_choice: PLAN.own, exam_over: PLAN.over };

function Session({ session }) {
  return html`<li class=${session.practised ? "done" : ""}>
    <span class="num">${minutes(session.minutes)}</span>
    <div>
      <p class="row"><a href=${`#practise=${session.topicId}`}><bdi>${session.name}</bdi></a>
        ${session.practised && html`<${Badge} kind="good" sign="✓">${PLAN.practised}<//>`}
        <span class="push small">${session.marks !== null && PLAN.gain(session.marks)}</span></p>
      <p class="soft small">${session.revision ? PLAN.revision : PLAN.learning}${session.goals.length > 0 && html`: <bdi>${session.goals.join(" ")}</bdi>`}</p>
    </div>
  </li>`;
}

function Week({ storedPlan, day }) {
  return html`<table class="flat week"><tbody>
    ${daysFrom(storedPlan, day).map((each) => {
      const rows = [...each.topics, ...each.revisions];
      return html`<tr key=${each.date}>
        <th scope="row" class="clock">${dayName(each.date, true)}</th>
        <td class="num">${rows.length ? minutes(totalMinutes(rows)) : PLAN.free}</td>
        <td class="soft"><bdi>${rows.map((row) => row.topic_name).join(" · ")}</bdi></td>
      </tr>`;
    })}
  </tbody></table>`;
}

/** @param {{plans: object[], plan: object|null, sessions: object[], profile: object, day: string, data: object, onMade: (storedPlan: object) => void, onChange: () => void}} props */
export function PlanCard({ plans, plan, sessions, profile, day, data, onMade, onChange }) {
  const [problem, setProblem] = useState(null);
  const make = (type) => async () => {
    setProblem(null);
    try {
      const storedPlan = await data.makePlan(type);
      onMade(storedPlan);
      onChange();
    } catch (failure) {
      setProblem(failure);
    }
  };
  const week = planOn(plans, "weekly", day);
  const hours = profile.available_hours_per_day;
  const plannedMinutes = sessions.reduce((sum, session) => sum + session.minutes, 0);
  const refusal = problem && REFUSALS[problem.code];
  return html`<section class="card flow" aria-labelledby="plan">
    <h2 id="plan">${PLAN.title} ${plan && html`<span class="soft small">${PLAN.of(plannedMinutes, hours)}</span>`}</h2>
    ${problem && (refusal ? html`<${Note} kind="warn">${refusal}<//>` : html`<${ProblemNote} problem=${problem} />`)}
    ${plan
      ? sessions.length
        ? html`<ol class="plan">${sessions.map((session) => html`<${Session} key=${`${session.topicId} ${session.revision}`} session=${session} />`)}</ol>`
        : html`<p class="soft">${PLAN.empty}</p>`
      : html`<p class="soft">${PLAN.none} ${PLAN.noneAbout(hours)}</p>`}
    ${plan?.warning && html`<${Note} kind="warn">${plan.warning}<//>`}
    <div class="row"><${Action} key=${plan ? "again" : "make"} className="quiet" run=${make("daily")} label=${plan ? PLAN.again : PLAN.make} busyLabel=${PLAN.making} />
      ${plan && html`<span class="soft small">${PLAN.made(plan.madeAt)}</span>`}</div>
    <h3>${PLAN.week}</h3>
    ${week ? html`<${Week} storedPlan=${week} day=${day} />` : html`<p class="soft small">${PLAN.weekAbout}</p>`}
    <div class="row"><${Action} key=${week ? "week again" : "week"} className="quiet" run=${make("weekly")} label=${week ? PLAN.weekAgain : PLAN.makeWeek} busyLabel=${PLAN.making} /></div>
  </section>`;
}
