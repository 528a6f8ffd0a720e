// The form that creates a class.
import { Form } from "../account/form.js";
import { Dialog } from "../shared/dialog.js";
import { html } from "../shared/html.js";
import { CLASS } from "./texts.js";

const FIELDS = [
  { name: "name", label: CLASS.name, hint: CLASS.nameHint, control: { maxlength: 200 } },
  { name: "grade", label: CLASS.grade, control: { type: "number", min: 1, max: 12, inputmode: "numeric" }, short: true },
];

function check({ name, grade }) {
  const faults = {};
  const year = Number(grade);
  if (!name.trim()) faults.name = CLASS.nameMissing;
  if (!grade.trim() || !Number.isInteger(year) || year < 1 || year > 12) faults.grade = CLASS.gradeWrong;
  return faults;
}

/** @param {{data: object, onCreated: (ownClass: object) => void, onClose: () => void}} props */
export function NewClass({ data, onCreated, onClose }) {
  const create = async ({ name, grade }) => {
    const { class: ownClass } = await data.create({ name, grade: Number(grade) });
    onCreated(ownClass);
  };
  return html`<${Dialog} title=${CLASS.title} sheet=${false} onClose=${onClose}>
    <${Form} fields=${FIELDS} check=${check} send=${create} label=${CLASS.save} busyLabel=${CLASS.saving} />
  <//>`;
}
