// The API docs: each endpoint with its fields, an example, and a button that sends it.

import { address, bodySchema, curl, defaultOf, errors, exampleResponses, exampleBody, fields, groups, neededParameter, pieces, typeOf } from "/openapi.js";

const TIMEOUT_MS = 60_000;
const MAX_ROWS = 18;
const CALLERS = {
  session: "session",
  instructor: "instructors",
  operator: "operators",
  cron: "schedule",
  user: "users",
  teacher: "teachers",
};
const $ = (id) => document.getElementById(id);

/** Create an element with attributes, listeners (`onclick`) and children; text is never HTML. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Text in which parts between backticks become code. */
function inline(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

/** A name that breaks between its parts only. */
function breakable(name) {
  return el("code", {}, ...pieces(name).flatMap((piece) => [piece, el("wbr")]));
}

function fieldTable(caption, rows) {
  if (!rows.length) return null;
  return table(caption, ["Field", "Type", "Meaning"], rows.map(fieldRow));
}

function table(caption, heads, rows) {
  return el("table", { class: "stack" },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows),
  );
}

function fieldRow({ name, type, required, about, byDefault, example }) {
  const mark = required ? el("span", { class: "required" }, " required") : null;
  const more = [["Default", byDefault], ["Example", example]].filter(([, value]) => value);
  return el("tr", {},
    el("th", { scope: "row" }, breakable(name), mark),
    el("td", { "data-label": "Type" }, type),
    el("td", { "data-label": "Meaning" }, ...inline(about),
      ...more.flatMap(([label, value]) => [` ${label}: `, el("code", { class: "value" }, value)])),
  );
}

function parameterRows(api, operation) {
  return (operation.parameters ?? []).map((parameter) => ({
    name: parameter.name,
    type: `${typeOf(api, parameter.schema)} (${parameter.in})`,
    required: parameter.required,
    about: parameter.description ?? "",
    byDefault: defaultOf(parameter.schema),
    example: String(parameter.example),
  }));
}

function errorTable(api, operation) {
  const rows = errors(api, operation).map(([status, text]) => el("tr", {},
    el("th", { scope: "row" }, status), el("td", { "data-label": "Codes" }, ...inline(text))));
  return table("Errors", ["Status", "Codes and messages"], rows);
}

/** Examples and fields of the successful response, and the errors. */
function responses(api, operation) {
  const rows = fields(api, operation.responses?.["200"]?.content?.["application/json"]?.schema ?? {});
  const fieldsOfResponse = fieldTable("Fields of the response", rows.map((row) => ({ ...row, required: false, byDefault: "" })));
  return [
    ...exampleResponses(operation).flatMap(([title, text], index) => [
      el("h4", {}, index ? title : "Example of the response"), el("pre", { class: "wrap response", tabindex: "0" }, text)]),
    fieldsOfResponse && el("details", {}, el("summary", {}, "Fields of the response"), fieldsOfResponse),
    el("details", {}, el("summary", {}, "Errors"), errorTable(api, operation)),
  ];
}

/** A form with inputs for parameters and body, the curl line, the button and the response. */
function tryIt(api, operation, id) {
  const needed = neededParameter(operation);
  const inputs = (operation.parameters ?? []).map((parameter) =>
    el("input", { id: `${id}-${parameter.name}`, name: parameter.name, "data-in": parameter.in, autocomplete: "off",
      value: parameter === needed && String(parameter.example), placeholder: parameter.example }));
  const body = bodyInput(exampleBody(api, operation), id);
  const line = el("code", {});
  const status = el("p", { role: "status" });
  const output = el("pre", { class: "wrap", hidden: true, tabindex: "0" });
  const showLine = () => {
    const call = readCall(operation, inputs, body);
    line.textContent = curl(location.origin, hideCredential(call, isForUsers(operation)));
  };
  const send = async (event) => {
    event.preventDefault();
    if (operation["x-destructive"] && !confirm(question(operation))) {
      status.textContent = "Not sent";
      return;
    }
    status.textContent = "Sending …";
    const result = await sendCall(readCall(operation, inputs, body));
    status.textContent = result.summary;
    output.textContent = result.text;
    output.hidden = false;
  };
  for (const id of ["password", "token"]) $(id).addEventListener("input", showLine);
  showLine();
  return el("form", { onsubmit: send, oninput: showLine },
    ...inputs.map((input) => el("label", { for: input.id }, input.name, input)),
    body && el("label", { for: body.id }, "Body", body),
    el("pre", { class: "wrap" }, line), el("button", {}, "Send"), status, output);
}

/** Question to confirm a call that deletes, renames or closes something. */
function question({ method, path, summary }) {
  return `${summary}?\n\n${method} ${path} changes the data on ${location.host}, which this page cannot undo.`;
}

function bodyInput(text, id) {
  if (!text) return null;
  const rows = Math.min(text.split("\n").length + 1, MAX_ROWS);
  const input = el("textarea", { class: "code", id: `${id}-body`, rows, spellcheck: "false" });
  input.value = text;
  return input;
}

function readCall(operation, inputs, body) {
  const values = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
  const headers = body ? { "Content-Type": "application/json" } : {};
  for (const input of inputs) if (input.dataset.in === "header" && input.value) headers[input.name] = input.value;
  const credential = isForUsers(operation) ? $("token").value : $("password").value;
  if (credential) headers.Authorization = `Bearer ${credential}`;
  return { method: operation.method, address: address(operation, values), headers, body: body?.value };
}

/** Whether users call this operation, with the token of their log-in instead of a password. */
function isForUsers(operation) {
  return ["user", "teacher"].includes(operation["x-access"]);
}

function hideCredential(call, forUsers) {
  if (!call.headers.Authorization) return call;
  const placeholder = forUsers ? "YOUR_ACCESS_TOKEN" : "YOUR_ADMIN_PASSWORD";
  return { ...call, headers: { ...call.headers, Authorization: `Bearer ${placeholder}` } };
}

async function sendCall({ address: url, method, headers, body }) {
  const started = performance.now();
  try {
    const response = await fetch(url, { method, headers, body, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    const milliseconds = Math.round(performance.now() - started);
    return { summary: `${response.status} ${response.statusText} in ${milliseconds} ms`, text: pretty(text) };
  } catch (error) {
    return { summary: "No response", text: String(error) };
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function endpoint(api, operation) {
  const id = `${operation.method}${operation.path}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const paragraphs = (operation.description ?? "").split("\n\n");
  const caller = CALLERS[operation["x-access"]];
  const details = el("details", { class: "card endpoint", id },
    el("summary", {},
      el("span", { class: "method", "data-method": operation.method }, operation.method),
      breakable(operation.path),
      el("span", { class: "soft" }, operation.summary ?? ""),
      caller ? el("span", { class: "caller" }, caller) : null));
  const fill = () => {
    const schema = bodySchema(operation);
    const parts = [
      fieldTable("Parameters", parameterRows(api, operation)),
      schema && fieldTable("Body", fields(api, schema)),
      el("h4", {}, "Try it"),
      tryIt(api, operation, id),
      ...responses(api, operation),
    ];
    details.append(...paragraphs.map((paragraph) => el("p", {}, ...inline(paragraph))), ...parts.filter(Boolean));
  };
  details.addEventListener("toggle", fill, { once: true }); // most entries are never opened
  return details;
}

function show(api) {
  $("title").textContent = `${api.info.title} API`;
  $("about").textContent = `${api.info.summary ?? ""} Version ${api.info.version}.`;
  const descriptions = new Map((api.tags ?? []).map(({ name, description }) => [name, description]));
  for (const [tag, operations] of groups(api)) {
    const id = `group-${tag.toLowerCase().replace(/\W+/g, "-")}`;
    $("groups").append(el("a", { href: `#${id}` }, tag));
    $("endpoints").append(el("section", { "aria-labelledby": id }, el("h2", { id }, tag),
      el("p", { class: "soft" }, descriptions.get(tag) ?? ""),
      ...operations.map((operation) => endpoint(api, operation))));
  }
}

function filter() {
  const term = $("search").value.trim().toLowerCase();
  for (const section of $("endpoints").children) {
    const entries = [...section.querySelectorAll("details")];
    for (const entry of entries) entry.hidden = !entry.firstElementChild.textContent.toLowerCase().includes(term);
    section.hidden = entries.every((entry) => entry.hidden);
  }
}

/** Open the endpoint that the address names. */
function openEndpointInAddress() {
  const entry = document.getElementById(location.hash.slice(1));
  if (entry?.tagName === "DETAILS") entry.open = true;
  entry?.scrollIntoView();
}

try {
  show(await (await fetch("/openapi.json")).json());
  $("search").addEventListener("input", filter);
  addEventListener("hashchange", openEndpointInAddress);
  openEndpointInAddress();
} catch {
  $("about").textContent = "The description could not be loaded. Open this page on the local server (make dev).";
}
