// Dialogs: a sheet at the right edge of the page, and a confirmation that has to be typed.
import { Field, ProblemNote } from "./elements.js";
import { html, useEffect, useId, useRef, useState } from "./html.js";

/**
 * A dialog that moves the focus to its heading, and returns it when closed.
 *
 * @param {{title: any, sheet?: boolean, onClose: () => void, children: any}} props
 */
export function Dialog({ title, sheet = true, onClose, children }) {
  const dialog = useRef(null);
  const heading = useRef(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    heading.current.focus();
    return () => before?.isConnected && before.focus();
  }, []);
  return html`<dialog ref=${dialog} class=${sheet ? "sheet" : ""} aria-labelledby=${id} onClose=${onClose}>
    <div class="flow">
      <div class="row nw">
        <h2 id=${id} ref=${heading} tabindex="-1" class="grow">${title}</h2>
        <button type="button" class="quiet" onClick=${() => dialog.current.close()}>Close</button>
      </div>
      ${children}
    </div>
  </dialog>`;
}

/**
 * Ask for a typed word before an action that is hard to undo.
 *
 * @param {{title: string, what: any, word: string, button: string, run: () => Promise<any>, onDone: Function,
 *   onClose: Function}} props `what` states what the action does, with counts
 */
export function TypedConfirmation({ title, what, word, button, run, onDone, onClose }) {
  const [error, setError] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const input = useRef(null);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    if (input.current.value.trim() !== word) {
      setError(`Type ${word} to go on. Nothing was changed.`);
      input.current.focus();
      return;
    }
    setBusy(true);
    setError(null);
    setProblem(null);
    try {
      onDone(await run());
    } catch (failure) {
      setProblem(failure);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} sheet=${false} onClose=${onClose}>
    <p>${what}</p>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    <form class="flow" onSubmit=${submit}>
      <${Field} label=${`Type ${word} to confirm`} error=${error}>
        ${(props) => html`<input ...${props} ref=${input} autocomplete="off" spellcheck=${false} />`}
      <//>
      <button class="danger" aria-disabled=${busy ? "true" : null}>${busy ? "Working …" : button}</button>
    </form>
  <//>`;
}
