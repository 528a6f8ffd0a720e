// One question: choose with the pointer, with Tab and arrows, or with 1 to 9; Enter sends.
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "../shared/html.js";
import { optionOfKey, optionText } from "./model.js";
import { TEST, whyWords } from "./texts.js";

const FIELDS = "input:not([type=radio]), select, textarea, dialog";
const CONTROLS = `a, button, summary, ${FIELDS}`;

/**
 * The form of a question; its key is the question's id. A sent option stays chosen.
 *
 * @param {{question: object, busy: boolean, label: string, aside?: any, fixed?: number|null, focus?: boolean,
 *   compact?: boolean, onSend: (option: number) => void}} props `fixed` is the option that is being
 *   sent, `focus` puts the focus on the question, `compact` is the smaller layout of the landing page
 */
export function Question({ question, busy, label, aside, fixed = null, focus = true, compact = false, onSend }) {
  const [chosen, setChosen] = useState(fixed);
  const [missing, setMissing] = useState(false);
  const heading = useRef(null);
  const form = useRef(null);
  const id = useId();
  // Layout effects, so that a key pressed immediately reaches the new question.
  useLayoutEffect(() => {
    if (focus) heading.current.focus();
  }, []);
  useEffect(() => {
    if (fixed !== null) setChosen(fixed);
  }, [fixed]);

  const choose = (option) => {
    if (busy) return;
    setChosen(option);
    setMissing(false);
  };
  const send = (event) => {
    event?.preventDefault();
    if (busy) return;
    if (chosen === null) {
      setMissing(true);
      form.current.querySelector("input").focus();
      return;
    }
    onSend(chosen);
  };
  useLayoutEffect(() => {
    const press = (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.defaultPrevented) return;
      const inside = event.target === document.body || form.current.closest("section, main").contains(event.target);
      if (!inside || event.target.closest(FIELDS)) return;
      const option = optionOfKey(event.key, question.options.length);
      if (option !== null && !busy) {
        choose(option);
        form.current.querySelectorAll("input")[option].focus();
      } else if (event.key === "Enter" && !event.target.closest(CONTROLS)) {
        send(event);
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
  const Heading = compact ? "h3" : "h1";
  return html`<form class="flow" ref=${form} onSubmit=${send} noValidate>
    <fieldset aria-describedby=${missing ? `${id}-error` : null}>
      <legend><${Heading} class=${`q ${compact ? "short" : ""}`} ref=${heading} tabindex="-1">${question.content}<//></legend>
      <div class=${`opts ${compact ? "two" : ""}`}>
        ${question.options.map((option, place) => html`<label class="opt" key=${`${question.id} ${place}`}>
          <input type="radio" name=${id} checked=${chosen === place} disabled=${busy && chosen !== place}
            aria-invalid=${missing ? "true" : null} onChange=${() => choose(place)} />
          <span>${optionText(option)}</span>
          ${place < 9 && html`<kbd class="push" aria-hidden="true">${place + 1}</kbd>`}
        </label>`)}
      </div>
    </fieldset>
    ${missing && html`<p class="error" id=${`${id}-error`} role="alert">${TEST.choose}</p>`}
    <div class="row">
      <button class=${compact ? "" : "large"} aria-disabled=${busy ? "true" : null}>${label}</button>
      ${aside ?? html`<${Keys} options=${question.options.length} />`}
    </div>
  </form>`;
}

function Keys({ options }) {
  return html`<span class="soft small keys">${TEST.keys(options).map((part, place) => (place % 2 ? part : html`<kbd key=${place}>${part}</kbd>`))}</span>`;
}

/** The reason why a question was chosen, as a sentence. */
export function Why({ about }) {
  const [before, name, after] = whyWords(about);
  return html`${before}${name && html`<b class="ink">${name}</b>`}${after}`;
}

/** One segment for each question up to the maximum length; long tests have a bar. */
export function Track({ number, most }) {
  if (most > 40) return html`<progress value=${number - 1} max=${most} aria-label=${TEST.progress(number, most)} />`;
  return html`<div class="track thin" role="img" aria-label=${TEST.progress(number, most)}>
    ${Array.from({ length: most }, (_, place) => html`<i class="cell" key=${place} data-s=${place < number - 1 ? "d" : null} data-now=${place === number - 1 ? "yes" : null} />`)}
  </div>`;
}
