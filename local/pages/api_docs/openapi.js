// Reads an OpenAPI 3.1 description; no page in here, so it can be tested by itself.

const MAX_DEPTH = 6; // of schemas within schemas; deeper ones are shown by their type alone

/** Follow `$ref`, and of `anyOf` take the first that is not null. */
export function resolve(api, schema) {
  if (schema?.$ref) {
    const target = schema.$ref.slice(2).split("/").reduce((at, key) => at?.[key], api);
    return resolve(api, { ...target, ...without(schema, "$ref") });
  }
  const choices = schema?.anyOf ?? schema?.oneOf;
  const first = choices?.find((choice) => choice.type !== "null");
  return first ? resolve(api, { ...first, ...without(schema, "anyOf", "oneOf") }) : (schema ?? {});
}

function without(object, ...keys) {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** A value that fits the schema: its own example or default where it has one. */
export function example(api, schema, depth = 0) {
  const found = resolve(api, schema);
  if (found.examples?.length) return found.examples[0];
  if ("example" in found) return found.example;
  if ("default" in found && found.default !== null) return found.default;
  if ("const" in found) return found.const;
  if (found.enum) return found.enum[0];
  if (depth >= MAX_DEPTH) return null;
  return byType(api, found, depth);
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

/** The type in a few words, with its limits: `string, 1 to 200 characters`. */
export function typeOf(api, schema) {
  const found = resolve(api, schema);
  const optional = (schema?.anyOf ?? []).some((choice) => choice.type === "null");
  const limits = limitsOf(found);
  const kind = found.enum
    ? found.enum.map((value) => JSON.stringify(value)).join(" | ")
    : found.type === "array"
      ? `list of ${typeOf(api, found.items)}`
      : (found.format ?? found.type ?? "any");
  return kind + (limits ? `, ${limits}` : "") + (optional ? ", or null" : "");
}

function limitsOf(schema) {
  const unit = schema.type === "string" ? " characters" : schema.type === "array" ? " entries" : "";
  const step = schema.type === "integer" ? 1 : 0; // numbers: the bound itself, close enough to read
  const low = schema.minimum ?? schema.minLength ?? schema.minItems ?? shifted(schema.exclusiveMinimum, step);
  const high = schema.maximum ?? schema.maxLength ?? schema.maxItems ?? shifted(schema.exclusiveMaximum, -step);
  if (low !== undefined && high !== undefined) return `${low} to ${high}${unit}`;
  if (high !== undefined) return `at most ${high}${unit}`;
  return low !== undefined ? `at least ${low}${unit}` : "";
}

function shifted(bound, by) {
  return bound === undefined ? undefined : bound + by;
}

/** Fields of an object schema, those of objects within as `outer.inner`. */
export function fields(api, schema, prefix = "", depth = 0) {
  const found = resolve(api, schema);
  const required = found.required ?? [];
  return Object.entries(found.properties ?? {}).flatMap(([name, part]) => {
    const inner = resolve(api, part);
    const item = inner.type === "array" ? resolve(api, inner.items) : inner;
    const path = prefix + name;
    const row = {
      name: path,
      type: typeOf(api, part),
      required: required.includes(name),
      about: part.description ?? inner.description ?? "",
    };
    const nested = item.properties && depth < MAX_DEPTH;
    const step = inner.type === "array" ? "[]." : ".";
    return nested ? [row, ...fields(api, item, path + step, depth + 1)] : [row];
  });
}

/** Every operation, grouped by its first tag; the description's `tags` say in which order. */
export function groups(api) {
  const found = new Map((api.tags ?? []).map(({ name }) => [name, []]));
  for (const [path, methods] of Object.entries(api.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "Other";
      if (!found.has(tag)) found.set(tag, []);
      found.get(tag).push({ path, method: method.toUpperCase(), ...operation });
    }
  }
  return found;
}

export function bodySchema(operation) {
  return operation.requestBody?.content?.["application/json"]?.schema;
}

/** The example body as text; media examples win over what the schema gives. */
export function exampleBody(api, operation) {
  const media = operation.requestBody?.content?.["application/json"];
  if (!media) return "";
  const named = Object.values(media.examples ?? {})[0]?.value;
  return JSON.stringify(media.example ?? named ?? example(api, media.schema), null, 2);
}

/** The parameter that a call cannot do without: in the path, or else the first of the query without default. */
export function neededParameter(operation) {
  const open = (operation.parameters ?? []).filter(({ in: place, schema }) => place !== "header" && (schema?.default ?? null) === null);
  return open.find((parameter) => parameter.in === "path") ?? open[0];
}

/** Examples of the answer when all is well: `[title, text]`. */
export function exampleAnswers(operation) {
  const examples = operation.responses?.["200"]?.content?.["application/json"]?.examples ?? {};
  return Object.entries(examples).map(([title, { value }]) => [title, JSON.stringify(value, null, 2)]);
}

/** The path with its parameters filled in, and the query of those that have a value. */
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

/** The call as a line for a shell. */
export function curl(origin, call) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = [`curl -X ${call.method} ${quoted(origin + call.address)}`];
  for (const [name, value] of Object.entries(call.headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (call.body) parts.push(`-d ${quoted(call.body)}`);
  return parts.join(" \\\n  ");
}
