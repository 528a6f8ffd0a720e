// A class: the headline, its students, its mastery by topic, and the cards beside them.
import { Count, Empty } from "../shared/elements.js";
import { html, lazy, useEffect, useState } from "../shared/html.js";
import { JoinCard, MarksCard } from "./side.js";
import { countsOf, ofKind, studentRows, topicRows } from "./model.js";
import { StudentTable } from "./students.js";
import { COUNTS, PAGE, TOPICS } from "./texts.js";

const ArmsCard = lazy(() => import("./arms.js"), "ArmsCard");
const DevicesCard = lazy(() => import("./devices.js"), "DevicesCard");
const MarksDialog = lazy(() => import("./marks.js"), "MarksDialog");
const StudentDialog = lazy(() => import("./student.js"), "StudentDialog");
const TopicsCard = lazy(() => import("./topics.js"), "TopicsCard");
const KINDS = ["all", "high", "medium", "none"];

function headlineOf({ name }, counts) {
  if (!counts.all) return PAGE.empty(name);
  if (counts.high) return PAGE.atRisk(name, counts.high, counts.all);
  return counts.medium ? PAGE.someRisk(name, counts.medium, counts.all) : PAGE.calm(name, counts.all);
}

function Expected({ analytics }) {
  const [before, after, end] = PAGE.expected;
  return html`<p class="soft wide-read">${before}<b class="ink">${Math.round(analytics.predicted_avg_score)}</b>${after}${PAGE.range(analytics.confidence_interval)}${end}
    ${PAGE.confidence[analytics.confidence_level]}${analytics.avg_mark !== null && PAGE.newest(analytics.avg_mark)}</p>`;
}

/** @param {{overview: object, data: object, onChange: () => void, children: any}} props `children` appear beside the heading */
export function ClassView({ overview, data, onChange, children }) {
  const [kind, setKind] = useState("all");
  const [student, setStudent] = useState(null);
  const [enteringMarks, setEnteringMarks] = useState(false);
  const { ownClass, members, analytics, topics, marks, devices } = overview;
  const rows = studentRows(members, analytics);
  const counts = countsOf(rows);
  const headline = headlineOf(ownClass, counts);
  useEffect(() => {
    document.title = `${headline} – Stepwise`;
  }, [headline]);
  const topicsOfClass = topicRows(analytics, topics);
  return html`
    <div class="flow tight">
      <div class="row end"><h1 class="grow"><bdi>${headline}</bdi></h1>${children}</div>
      <p class="soft">${PAGE.about(ownClass.student_count, ownClass.grade)}</p>
      ${counts.all > 0 && topicsOfClass.length > 0 && html`<${Expected} analytics=${analytics} />`}
    </div>
    ${counts.all > 0 && html`<div class="counts" role="group" aria-label=${COUNTS.label}>
      ${KINDS.map((each) => html`<${Count} key=${each} value=${counts[each]} label=${COUNTS[each][0]} hint=${COUNTS[each][1]} warn=${each === "high" && counts.high > 0} pressed=${kind === each} onClick=${() => setKind(each)} />`)}
    </div>`}
    ${counts.all > 0 && html`<${StudentTable} key=${kind} rows=${ofKind(rows, kind)} all=${counts.all} onOpen=${setStudent} />`}
    <div class="split">
      <div class="flow">
        ${topicsOfClass.length > 0 ? html`<${TopicsCard} rows=${topicsOfClass} />` : html`<${Empty} level="h2" title=${TOPICS.none}>${TOPICS.noneAbout}<//>`}
      </div>
      <aside class="flow" aria-label=${ownClass.name}>
        <${JoinCard} ownClass=${ownClass} data=${data} onChange=${onChange} />
        ${counts.all > 0 && html`<${MarksCard} marks=${marks} onOpen=${() => setEnteringMarks(true)} />
          <${ArmsCard} arms=${analytics.plan_arms} ownClass=${ownClass} members=${members} data=${data} onChange=${onChange} />
          <${DevicesCard} devices=${devices} />`}
      </aside>
    </div>
    ${student && html`<${StudentDialog} row=${student} ownClass=${ownClass} marks=${marks} data=${data} onChange=${onChange} onClose=${() => setStudent(null)} />`}
    ${enteringMarks && html`<${MarksDialog} members=${members} marks=${marks} data=${data} onSaved=${onChange}
      onClose=${() => setEnteringMarks(false)} />`}`;
}
