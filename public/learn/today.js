// Today: the exam, what to do next and why, the plan, and this device.
import { Badge } from "../shared/elements.js";
import { number } from "../shared/format.js";
import { html, lazy, useEffect, useState } from "../shared/html.js";
import { useInstall } from "./install.js";
import { dayOf, dayPlan, marksOf, newestPlans, sessionsOf } from "./model.js";
import { PlanCard } from "./plan.js";
import { MasteryCard } from "./side.js";
import { NEXT, TODAY, dayName, marks } from "./texts.js";
import { MonthCard, WeekCard } from "./timeline.js";

const ClassCard = lazy(() => import("./class_card.js"), "ClassCard");
const DeviceCard = lazy(() => import("./device_card.js"), "DeviceCard");
const InstallCard = lazy(() => import("./install_card.js"), "InstallCard");
const SettingsDialog = lazy(() => import("./settings.js"), "SettingsDialog");
const MAX_OTHERS = 4;

/** The two sentences of the heading: the exam, and what today brings for it. */
function headline({ profile, advice }, sessions) {
  const { days_to_exam: days } = profile;
  const first = TODAY.exam(days);
  if (days !== null && days < 0) return [first, TODAY.nextDate];
  const planned = marksOf(sessions);
  if (planned !== null) return [first, TODAY.brings(planned)];
  const [best] = advice.recommendations;
  if (best) return [first, TODAY.sessionBrings(best.components.session_marks, best.components.session_minutes)];
  return [first, days === null ? TODAY.setDate : ""];
}

function Prediction({ prediction, days }) {
  const { with_plan: plan, without_study: stop } = prediction;
  const words = TODAY.prediction;
  return html`<p class="soft wide-read">
    ${words.stop}<b class="ink">${words.stopped(stop.mark)}</b>${words.stopRange(stop)}
    ${words.plan}<b class="ink">${words.planned(plan.mark)}</b>${words.planRange(plan)}
    ${prediction.days !== days && words.later(prediction.days)}
  </p>`;
}

function Reasons({ components }) {
  const rows = [
    [`+${number(components.session_marks, components.session_marks < 0.95 ? 2 : 1)}`, NEXT.gain(components.session_minutes)],
    [`${number(components.exam_weightage, components.exam_weightage < 10 ? 1 : 0)} %`, NEXT.ofExam],
    [`${Math.round(components.knowledge_today)} %`, NEXT.known],
    [number(components.dependencies_unlocked), NEXT.unlocks(components.dependencies_unlocked)],
  ];
  return html`<ul class="why">${rows.map(([value, label]) => html`<li key=${label}><b class="big">${value}</b><span class="small soft">${label}</span></li>`)}</ul>`;
}

function Other({ row }) {
  const { session_marks: gain, session_minutes: length } = row.components;
  return html`<li class="row nw">
    <span class="grow"><bdi>${row.topic_name}</bdi><br /><span class="soft small">${NEXT.otherGain(gain, length)}</span></span>
    <a class="btn quiet" href=${`#practise=${row.topic_id}`} aria-label=${NEXT.practiseTopic(row.topic_name)}>${NEXT.practise}</a>
  </li>`;
}

function NextCard({ advice }) {
  const [open, setOpen] = useState(false);
  const [best, ...others] = advice.recommendations;
  if (!best) return html`<section class="card hero flow"><h2>${NEXT.nothing}</h2><p>${advice.message}</p><p><a class="btn large" href="#practise">${NEXT.practise}</a></p></section>`;
  const { components } = best;
  return html`<section class="card hero flow" aria-labelledby="next">
    <div class="row"><${Badge} kind="info">${NEXT.first}<//><${Badge}>${components.is_revision ? NEXT.revise : NEXT.learn}<//></div>
    <h2 id="next" class="topic"><bdi>${best.topic_name}</bdi></h2>
    <${Reasons} components=${components} />
    <details class="small"><summary>${NEXT.why}</summary><p class="soft">${best.explanation}</p></details>
    <div class="row">
      <a class="btn large" href=${`#practise=${best.topic_id}`}>${NEXT.start}</a>
      ${others.length > 0 && html`<button type="button" class="quiet large" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>${NEXT.other}</button>`}
    </div>
    ${open && html`<div class="flow tight"><h3>${NEXT.others}</h3><ul class="others">${others.slice(0, MAX_OTHERS).map((row) => html`<${Other} key=${row.topic_id} row=${row} />`)}</ul></div>`}
  </section>`;
}

/** @param {{overview: object, data: object, now: number, sync: object, copy: object|null, onChange: () => void}} props */
export function Today({ overview, data, now, sync, copy, onChange }) {
  const offer = useInstall();
  const [settings, setSettings] = useState(false);
  const [newPlans, setNewPlans] = useState([]);
  const { profile, advice, mastery } = overview;
  const { prediction } = overview.plans;
  const plans = newestPlans(overview.plans.plans, newPlans);
  const day = dayOf(now);
  const plan = dayPlan(plans, day);
  const sessions = plan ? sessionsOf(plan, advice.recommendations, mastery.topics, day) : [];
  const [exam, brings] = headline(overview, sessions);
  useEffect(() => {
    document.title = `${brings || exam} – Stepwise`;
  }, [brings, exam]);
  return html`<div class="flow loose">
    <div class="flow tight">
      <div class="row"><p class="soft small">${dayName(day)} · <bdi>${TODAY.on(profile.target_exam, profile.exam_date)}</bdi></p>
        <button type="button" class="plain link" onClick=${() => setSettings(true)}>${TODAY.settings}</button></div>
      <h1>${exam}<br />${brings}</h1>
      ${prediction && (profile.days_to_exam ?? 0) >= 0 && html`<${Prediction} prediction=${prediction} days=${profile.days_to_exam} />`}
    </div>
    <div class="split">
      <div class="flow">
        <${NextCard} advice=${advice} />
        <${PlanCard} plans=${plans} plan=${plan} sessions=${sessions} profile=${profile} day=${day} data=${data}
          onMade=${(storedPlan) => setNewPlans((old) => [...old, storedPlan])} onChange=${onChange} />
      </div>
      <aside class="flow" aria-label=${TODAY.title}>
        ${(copy || sync.pending > 0) && html`<${DeviceCard} sync=${sync} copy=${copy} />`}
        ${offer.way && html`<${InstallCard} offer=${offer} />`}
        <${MasteryCard} overview=${overview} />
        <${MonthCard} timeline=${overview.progress.timeline} />
        <${WeekCard} progress=${overview.progress} />
        <${ClassCard} ownClass=${overview.ownClass} data=${data} onChange=${onChange} />
      </aside>
    </div>
    ${settings && html`<${SettingsDialog} profile=${profile} data=${data} onSaved=${onChange} onClose=${() => setSettings(false)} />`}
  </div>`;
}
