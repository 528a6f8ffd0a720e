// The dialog that makes tickets for a class.
import { download, toCsv } from "../shared/csv.js";
import { Dialog } from "../shared/dialog.js";
import { Field, Note, ProblemNote } from "../shared/elements.js";
import { dateTime } from "../shared/format.js";
import { html, useState } from "../shared/html.js";
import { Table } from "../shared/table.js";
import { studentsIn } from "./model.js";
import { TICKETS } from "./texts.js";

const MAX_STUDENTS = 1000; // in one call

export function TicketsDialog({ api, poolId, onClose }) {
  const [tickets, setTickets] = useState(null);
  const [problem, setProblem] = useState(null);
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const make = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const students = studentsIn(form.get("students"));
    setMissing(!students.length);
    setProblem(null);
    if (!students.length || busy) return;
    setBusy(true);
    const allTickets = [];
    try {
      for (let from = 0; from < students.length; from += MAX_STUDENTS) {
        const body = {
          question_pool_id: poolId,
          student_ids: students.slice(from, from + MAX_STUDENTS),
          valid_hours: 24 * Number(form.get("days")),
          uses: Number(form.get("uses")),
          extra_time: Number(form.get("extra")),
        };
        allTickets.push(...(await api("POST", "/api/test/tickets", { body })).tickets);
      }
      setTickets(allTickets);
    } catch (failure) {
      setProblem(failure);
    }
    setBusy(false);
  };
  const save = () =>
    download("tickets.csv", toCsv([TICKETS.header, ...tickets.map((one) => [one.student_id, one.ticket, new URL(one.link, location.origin).href, one.expires_at])]));
  return html`<${Dialog} title=${TICKETS.title} onClose=${onClose}>
    <p class="soft">${TICKETS.about}</p>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${tickets
      ? html`<${Note} kind="good" fact=${TICKETS.made(tickets.length, dateTime(tickets[0].expires_at))} action=${html`<button type="button" onClick=${save}>${TICKETS.download}</button>`} />
          <${Table} label=${TICKETS.label} rows=${tickets.slice(0, 100)} rowKey=${(one) => one.student_id} columns=${[
            { name: "student", label: TICKETS.columns.student, cell: (one) => html`<bdi>${one.student_id}</bdi>` },
            { name: "ticket", label: TICKETS.columns.ticket, className: "line", cell: (one) => html`<code>${one.ticket.slice(0, 24)}…</code>` },
          ]} />`
      : html`<form class="flow" onSubmit=${make}>
          <${Field} label=${TICKETS.students} hint=${TICKETS.studentsHint} error=${missing ? TICKETS.none : null}>${(props) => html`<textarea ...${props} name="students" rows="8" />`}<//>
          <div class="row end">
            <${Field} label=${TICKETS.days} short>${(props) => html`<input ...${props} name="days" type="number" min="1" max="366" defaultValue="7" />`}<//>
            <${Field} label=${TICKETS.uses} short>${(props) => html`<input ...${props} name="uses" type="number" min="1" max="100" defaultValue="1" />`}<//>
            <${Field} label=${TICKETS.extra} short>${(props) => html`<select ...${props} name="extra">${TICKETS.extras.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}</select>`}<//>
          </div>
          <div class="row"><button aria-disabled=${busy ? "true" : null}>${busy ? TICKETS.making : TICKETS.make}</button></div>
        </form>`}
  <//>`;
}
