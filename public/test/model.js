// The test page's figures, computed from the responses of the test's endpoints. No DOM, no clock.

/** The concepts of a question, the weightiest first, and whether the profile is least certain about the weightiest. */
export function aboutOf(question, names, profile = null) {
  const concepts = names
    .map((name, place) => ({ name, weight: question.concepts[place] ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ name }) => name);
  const width = ({ low, high }) => high - low;
  const widest = profile ? Math.max(...profile.map(width)) : 0;
  const narrowest = profile ? Math.min(...profile.map(width)) : 0;
  const leastCertain = widest > narrowest && profile.some((row) => row.name === concepts[0] && width(row) === widest);
  return { concepts, leastCertain };
}

/** The text of an option; older pools have JSON values that are not strings. */
export function optionText(option) {
  if (typeof option === "string") return option;
  if (typeof option?.text === "string") return option.text;
  return JSON.stringify(option);
}

/** The option that a key chooses, counted from 0; null if it chooses none. */
export function optionOfKey(key, options) {
  const place = /^[1-9]$/.test(key) ? Number(key) - 1 : null;
  return place !== null && place < options ? place : null;
}

/** The ticket in a pasted link or text, or in the hash of the address; null if there is none. */
export function ticketIn(text) {
  const trimmed = text.trim();
  const [, inLink] = /[#?&]ticket=([^&#\s]+)/.exec(trimmed) ?? [];
  if (inLink) return decodeURIComponent(inLink);
  return /^[^\s#/?&]{20,}$/.test(trimmed) ? trimmed : null;
}

/** Reason why the server refused an answer: closed, moved (another tab answered), gone (no such test) or refused. */
export function refusalOf({ code }) {
  if (["session_closed", "session_expired"].includes(code)) return "closed";
  if (["other_answer_stored", "not_the_question_asked"].includes(code)) return "moved";
  return code === "session_not_found" ? "gone" : "refused";
}
