// Topics, questions and the calibration: files that the server names by their hash. Each is verified before it is used.
import { Problem } from "../../shared/problems.js";
import { sha256 } from "./digest.js";
import { ATTEMPTS, retryUnknownQuestions } from "./queue.js";
import { CONTENT, META } from "./store.js";
import { DEFAULT_CALIBRATION } from "./mastery.js";

const PATH = "/api/learning/content-files";
const TRIES = 3; // because the server may replace files while they are fetched
const KEPT_FILE = "kept"; // questions that were answered here and are no longer part of the content

/** The content of a file, null if the server has replaced it since it was listed. */
async function fetchFile(api, { sha256: hash }, signal) {
  let text;
  try {
    ({ text } = await api("GET", `${PATH}/${hash}`, { as: "text", headers: { Accept: "application/json" }, signal }));
  } catch (problem) {
    if (problem.kind === "missing") return null;
    throw problem;
  }
  if ((await sha256(new TextEncoder().encode(text))) !== hash) throw new Problem("unreadable");
  return JSON.parse(text);
}

/** The answered questions of old files that no new file has; mastery still counts them. */
async function keptQuestions(tables, before, after) {
  const answeredIds = new Set((await tables.rows(ATTEMPTS)).map(({ columns }) => columns.question_id));
  const presentIds = new Set(after.flatMap(({ content }) => content.questions).map(({ id }) => id));
  const lostQuestions = before.flatMap(({ content }) => content.questions).filter(({ id }) => answeredIds.has(id) && !presentIds.has(id));
  return { name: KEPT_FILE, sha256: null, content: { topics: [], concepts: [], questions: lostQuestions, topic_prerequisites: [], mastery_calibrations: [] } };
}

async function replaceContent(tables, listing, files) {
  const before = await tables.all(CONTENT);
  const byName = new Map(before.map((file) => [file.name, file]));
  for (const file of files) byName.set(file.name, file);
  const after = listing.files.map(({ name }) => byName.get(name));
  const keptFile = await keptQuestions(tables, before, after);
  const names = new Set([KEPT_FILE, ...listing.files.map(({ name }) => name)]);
  for (const { name } of before) if (!names.has(name)) await tables.remove(CONTENT, name);
  for (const file of [...files, keptFile]) await tables.put(CONTENT, file);
  await retryUnknownQuestions(tables);
  await tables.put(META, listing.content, "content");
}

/**
 * Fetch and store the content files that this store does not have.
 *
 * @throws {Problem} if they cannot be fetched, or are damaged; nothing is changed then
 */
export async function fetchContent(store, api, signal) {
  for (let turn = 0; turn < TRIES; turn += 1) {
    const listing = await api("GET", PATH, { signal });
    const [version, files] = await store.read(async (tables) => [await tables.get(META, "content"), await tables.all(CONTENT)]);
    if (version === listing.content) return;
    const hashes = new Map(files.map((file) => [file.name, file.sha256]));
    const newFiles = listing.files.filter(({ name, sha256: hash }) => hashes.get(name) !== hash);
    const contents = await Promise.all(newFiles.map((file) => fetchFile(api, file, signal)));
    if (contents.includes(null)) continue;
    await store.write((tables) => replaceContent(tables, listing, newFiles.map((file, place) => ({ ...file, content: contents[place] }))));
    return;
  }
  throw new Problem("busy");
}

/** The content as the page uses it, null before it was fetched. */
export function contentOf(version, files) {
  if (!version) return null;
  const all = (name) => files.flatMap(({ content }) => content[name]);
  const concepts = Map.groupBy(all("concepts"), ({ topic_id: id }) => id);
  const keptIds = new Set(files.find(({ name }) => name === KEPT_FILE)?.content.questions.map(({ id }) => id));
  const topics = all("topics").map((topic) => ({ ...topic, concepts: concepts.get(topic.id) ?? [] }));
  const topicOf = new Map(all("concepts").map((concept) => [concept.id, concept.topic_id]));
  const questions = new Map(all("questions").map((question) => [question.id, question]));
  const current = [...questions.values()].filter(({ id }) => !keptIds.has(id));
  const byTopic = Map.groupBy(current, ({ concept_id: id }) => topicOf.get(id));
  const [calibration] = all("mastery_calibrations");
  return { version, topics, questions, byTopic, calibration: calibration?.coefficients ?? DEFAULT_CALIBRATION };
}
