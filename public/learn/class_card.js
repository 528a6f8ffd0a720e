// The student's class, or the form that joins one.
import { Form } from "../account/form.js";
import { Note } from "../shared/elements.js";
import { html, useState } from "../shared/html.js";
import { CLASS } from "./texts.js";

const FIELDS = [{ name: "code", label: CLASS.code, hint: CLASS.codeHint, control: { maxlength: 20, autocomplete: "off", spellcheck: false } }];

/** The student's class, or the form that joins one. */
export function ClassCard({ ownClass, data, onChange }) {
  const [joinedName, setJoinedName] = useState(null);
  const check = ({ code }) => (code.trim().length < 4 ? { code: CLASS.codeMissing } : {});
  const join = async ({ code }) => {
    try {
      const { classes } = await data.join(code.trim());
      setJoinedName(classes[0].name);
      onChange();
    } catch (problem) {
      if (problem.code !== "join_code_unknown") throw problem;
      problem.details = [{ field: "code", problem: CLASS.codeUnknown }];
      throw problem;
    }
  };
  return html`<section class="card flow tight">
    <h2>${CLASS.title}</h2>
    ${joinedName && html`<${Note} kind="good">${CLASS.joined(joinedName)}<//>`}
    ${ownClass
      ? html`<p><bdi>${CLASS.in(ownClass.name)}</bdi></p>`
      : html`<p class="small soft">${CLASS.none}</p><${Form} fields=${FIELDS} check=${check} send=${join} label=${CLASS.join} busyLabel=${CLASS.joining} className="quiet" />`}
  </section>`;
}
