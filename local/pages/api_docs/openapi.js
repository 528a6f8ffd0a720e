// Functions that read an OpenAPI 3.1 description, without access to the page.

const MAX_DEPTH = 6; // depth of nested schemas; deeper ones are shown by their type alone

/** Follow `$ref`, and choose the first schema of `anyOf` that is not null. */
export function resolve(api, schema) {
  if (schema?.$ref) {
    const target = schema.$ref.slice(2).split("/").reduce((value, key) => value?.[key], api);
    return resolve(api, { ...target, ...without(schema, "$ref") });
  }
  const choices = schema?.anyOf ?? schema?.oneOf;
  const first = choices?.find((choice) => choice.type !== "null");
  return first ? resolve(api, { ...first, ...without(schema, "anyOf", "oneOf") }) : (schema ?? {});
}

function without(object, ...keys) {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** A value that fits the schema: its example or default if it has one. */
export function example(api, schema, depth = 0) {
  const resolved = resolve(api, schema);
  if (resolved.examples?.length) return resolved.examples[0];
  if ("example" in resolved) return resolved.example;
  if ("default" in resolved && resolved.default !== null) return resolved.default;
  if ("const" in resolved) return resolved.const;
  if (resolved.enum) return resolved.enum[0];
  if (depth >= MAX_DEPTH) return null;
  return byType(api, resolved, depth);
}

function byType(api, schema, depth) {
  switch (schema.type) {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => depth === 0 || (schema.required ?? []).includes(name))
          .map(([name, part]) => [name, example(api, part, depth + 1)]),
      );
    case "array":
      return [example(api, schema.items, depth + 1)];
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "boolean":
      return false;
    case "string":
      return schema.format === "date-time" ? "2026-01-01T09:00:00Z" : "";
    default:
      return null;
  }
}

/** The type with its limits: `string, 1 to 200 characters`. */
export function typeOf(api, schema) {
  const resolved = resolve(api, schema);
  const optional = (schema?.anyOf ?? []).some((choice) => choice.type === "null");
  const limits = limitsOf(resolved);
  const kind = resolved.enum
    ? resolved.enum.map((value) => JSON.stringify(value)).join(" | ")
    : resolved.type === "array"
      ? `list of ${typeOf(api, resolved.items)}`
      : (resolved.format ?? resolved.type ?? "any");
  return kind + (limits ? `, ${limits}` : "") + (optional ? ", or null" : "");
}

function limitsOf(schema) {
  const unit = schema.type === "string" ? " characters" : schema.type === "array" ? " entries" : "";
  const step = schema.type === "integer" ? 1 : 0; // for numbers, the bound itself is close enough
  const low = schema.minimum ?? schema.minLength ?? schema.minItems ?? shifted(schema.exclusiveMinimum, step);
  const high = schema.maximum ?? schema.maxLength ?? schema.maxItems ?? shifted(schema.exclusiveMaximum, -step);
  if (low !== undefined && high !== undefined) return `${low} to ${high}${unit}`;
  if (high !== undefined) return `at most ${high}${unit}`;
  return low !== undefined ? `at least ${low}${unit}` : "";
}

function shifted(bound, by) {
  return bound === undefined ? undefined : bound + by;
}

/** Fields of an object schema; those of an object in a field are named `outer.inner`, in a list `outer[].inner`. */
export function fields(api, schema, prefix = "", depth = 0) {
  const resolved = resolve(api, schema);
  const required = resolved.required ?? [];
  return Object.entries(resolved.properties ?? {}).flatMap(([name, part]) => {
    const inner = resolve(api, part);
    const item = inner.type === "array" ? resolve(api, inner.items) : inner;
    const path = prefix + name;
    const row = {
      name: path,
      type: typeOf(api, part),
      required: required.includes(name),
      about: part.description ?? inner.description ?? "",
      byDefault: defaultOf(part),
    };
    const nested = item.properties && depth < MAX_DEPTH;
    const step = inner.type === "array" ? "[]." : ".";
    return nested ? [row, ...fields(api, item, path + step, depth + 1)] : [row];
  });
}

/** The default of a schema as text; empty for null, which the type states, and for an object, whose fields have defaults. */
export function defaultOf(schema) {
  const value = schema.default ?? null;
  if (Array.isArray(value)) return value.map((entry) => JSON.stringify(entry)).join(", ");
  return typeof value === "object" ? "" : JSON.stringify(value);
}

/** Errors of an operation: `[status, text]`, in which backticks surround each code. */
export function errors(api, operation) {
  return Object.entries(operation.responses ?? {})
    .filter(([status]) => status !== "200")
    .map(([status, response]) => [status, resolve(api, response).description]);
}

/** A name in pieces between which a line may break: `end_criteria.type` → `end_`, `criteria.`, `type`. */
export function pieces(name) {
  return name.match(/[A-Z]*[^A-Z_./[-]*(?:\[\]|[_./-])*|./g).filter(Boolean);
}

/** Operations grouped by their first tag, in the order of the description's `tags`. */
export function groups(api) {
  const operationsByTag = new Map((api.tags ?? []).map(({ name }) => [name, []]));
  for (const [path, methods] of Object.entries(api.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "Other";
      if (!operationsByTag.has(tag)) operationsByTag.set(tag, []);
      operationsByTag.get(tag).push({ path, method: method.toUpperCase(), ...operation });
    }
  }
  return operationsByTag;
}

export function bodySchema(operation) {
  return operation.requestBody?.content?.["application/json"]?.schema;
}

/** The example body as text; examples of the media type take precedence over the schema. */
export function exampleBody(api, operation) {
  const media = operation.requestBody?.content?.["application/json"];
  if (!media) return "";
  const named = Object.values(media.examples ?? {})[0]?.value;
  return JSON.stringify(media.example ?? named ?? example(api, media.schema), null, 2);
}

/** The parameter that a call needs: one in the path or, if there is none, the first in the query without a default. */
export function neededParameter(operation) {
  const candidates = (operation.parameters ?? []).filter(({ in: place, schema }) => place !== "header" && (schema?.default ?? null) === null);
  return candidates.find((parameter) => parameter.in === "path") ?? candidates[0];
}

/** Examples of the successful response: `[title, text]`. */
export function exampleResponses(operation) {
  const examples = operation.responses?.["200"]?.content?.["application/json"]?.examples ?? {};
  return Object.entries(examples).map(([title, { value }]) => [title, JSON.stringify(value, null, 2)]);
}

/** The path with its parameters, and the query of the parameters that have a value. */
export function address(operation, values) {
  const query = new URLSearchParams();
  let path = operation.path;
  for (const { name, in: place } of operation.parameters ?? []) {
    const value = values[name] ?? "";
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    if (place === "query" && value !== "") query.set(name, value);
  }
  return query.size ? `${path}?${query}` : path;
}

/** The call as a curl line. */
export function curl(origin, call) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = [`curl -X ${call.method} ${quoted(origin + call.address)}`];
  for (const [name, value] of Object.entries(call.headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (call.body) parts.push(`-d ${quoted(call.body)}`);
  return parts.join(" \\\n  ");
}
