// The form that changes the exam, its date, the hours and the school year.
import { Form } from "../account/form.js";
import { registrationFaults } from "../account/model.js";
import { Dialog } from "../shared/dialog.js";
import { html } from "../shared/html.js";
import { profileChanges } from "./model.js";
import { SETTINGS } from "./texts.js";

const ACCOUNT = { username: "user", password: "any password" }; // values for the fields that this form lacks; they pass the checks

function fieldsOf(profile) {
  return [
    { name: "target_exam", label: SETTINGS.exam, control: { maxlength: 200, defaultValue: profile.target_exam } },
    { name: "exam_date", label: SETTINGS.date, hint: SETTINGS.dateHint, control: { type: "date", defaultValue: profile.exam_date?.slice(0, 10) ?? "" } },
    { name: "available_hours_per_day", label: SETTINGS.hours, control: { type: "number", min: 0.5, max: 24, step: 0.5, inputmode: "decimal", defaultValue: String(profile.available_hours_per_day) } },
    { name: "grade", label: SETTINGS.grade, control: { type: "number", min: 1, max: 12, inputmode: "numeric", defaultValue: String(profile.grade) } },
  ];
}

/** @param {{profile: object, data: object, onSaved: () => void, onClose: () => void}} props */
export function SettingsDialog({ profile, data, onSaved, onClose }) {
  const save = async (fields) => {
    const changes = profileChanges(profile, fields);
    if (Object.keys(changes).length) {
      await data.saveProfile(changes);
      onSaved();
    }
    onClose();
  };
  return html`<${Dialog} title=${SETTINGS.title} onClose=${onClose}>
    <${Form} fields=${fieldsOf(profile)} check=${(fields) => registrationFaults("student", { ...ACCOUNT, ...fields })} send=${save} label=${SETTINGS.save} busyLabel=${SETTINGS.saving} />
  <//>`;
}
