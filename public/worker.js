// The service worker of the study page: a copy of the page's files, so that it opens without a connection.
// Online, the server's files are used. Data of the API are not copied here.

// Written by `make shell`: address and hash of each file.
const FILES = {
  "/account/api.js": "sha256-I5QgnbfViRyWpQ2YY1p4hpSyMo0seQubRKaJOepcu90=",
  "/account/enter.js": "sha256-eTDCn35epdZnxHMLSY7jEOX7f5/oSnzHk2U0x1hs7D4=",
  "/account/form.js": "sha256-yEi/XeGwWBegSF2El1Ixlh/c9nEuruLBtcrrIat0bl8=",
  "/account/model.js": "sha256-XHS0QY+4mQYya8SLZn3hmLjj2Aj6F2r6bv/GEcO75GI=",
  "/account/stored.js": "sha256-JyHpFxJMCA1Aq6X3llQ24SW9Tx2/mISQsZNcQX3SkxY=",
  "/account/texts.js": "sha256-uqssagAh/4scSFZJ+NwFYTPh8JZBSW+6wa1DpS4ADuE=",
  "/icon.svg": "sha256-DOH0OR/EU8ZO4z/e1ZwVX7NJG5pbqieVd+lZVXzeIr4=",
  "/learn/class_card.js": "sha256-66TOLTTXF+/AQdNHMK71ajw/8b/un6izy/TGK5b4xWg=",
  "/learn/data.js": "sha256-FfapZcnmAGM09iG4vmjg37BPDRdnis96k7CQMvfPiss=",
  "/learn/device_card.js": "sha256-DQL44+BlM22xKb4qP/cZotNUo2C1BmGdB+FwRofqYOU=",
  "/learn/icons/180-full.png": "sha256-4qFu4V6+1/vj5u+9LclmLt1RRdO4y3cmUG5Swx1O37s=",
  "/learn/icons/192.png": "sha256-/mPB68ozpZo93EGMlfA5Ptt8GgvlxShJSIDpW5MDNrU=",
  "/learn/icons/512-full.png": "sha256-/DihQLX1fIui9CM8Gqqkz0mLzcm8rt600Of5tAVXcrw=",
  "/learn/icons/512.png": "sha256-nZ2D6t34ciIUjcPNAhzUMmrgfYtMPiFr09CA8hffPYU=",
  "/learn/install.js": "sha256-wzSB31q4diVkUB6sxPV/9L4h81VrUgc1PqPj8T4cDY4=",
  "/learn/install_card.js": "sha256-TbgmapBOQlLB6EIvb2M+JsK768WY0BxXr/7gXUaGqQw=",
  "/learn/learn.css": "sha256-AoS3Edc88NM1vOqSasxyJ6T82X+MKRi05qC7PV3MhBU=",
  "/learn/manifest.json": "sha256-ANL7DB4GLBKFtccAU0WvclRNcLO1hgaHSBotLK6QH4E=",
  "/learn/model.js": "sha256-OoKaoBfTvslfhdatol6LpDzq6E8BRtKsxRthHpbYmoA=",
  "/learn/offline/background.js": "sha256-9qD/r8ghLFCPkiFy2QPpqb4ZQYXhu32ZhW9OGYCpprs=",
  "/learn/offline/clock.js": "sha256-7Bj9oxkRc52bGaNydmOUYLRdL7Gx04+vaEs1mV5h4K0=",
  "/learn/offline/content.js": "sha256-ImBtflHqfFrnjKCxE8OkjC+j2xuL6gStN/GiDOYAOiI=",
  "/learn/offline/copy.js": "sha256-OIJ1PSg1E/kKb3M7sf6Aq+fVJGLvpEOIi3yhATvrffU=",
  "/learn/offline/digest.js": "sha256-ijZcjgwxsR93cC0N9Jah0nynn4tmZ+oIf0EBdKakxik=",
  "/learn/offline/file.js": "sha256-pmtqovHuMONeKLT9WNGE3BbA4u4rFOhg8d4Juq6aPPY=",
  "/learn/offline/grade.js": "sha256-KF6xiSpXPH274DbVhEWWAwi4zsuMd17PHRGfXoAfkdc=",
  "/learn/offline/mastery.js": "sha256-LS1LR0+iSfmXQXcAbLoicnpwgHhRJ6WeI3mSPrWY6/c=",
  "/learn/offline/overview.js": "sha256-17nJ2brRNhNj8eq9BwD0UvXxPfNRt+s731qNfPDPiWA=",
  "/learn/offline/queue.js": "sha256-SflHO7C6G1MhDHQKMBf1z9ZbUwvDexSBKtyl16xnt4M=",
  "/learn/offline/repair.js": "sha256-lrtV5CF4i3rkWfB6EF6TMK/B2MYCJgStF48Wkv6xPJU=",
  "/learn/offline/store.js": "sha256-OFjXlmKcK66gqzOPrSSdPpyRk7woYW1ZTutaHlR2dZg=",
  "/learn/offline/sync.js": "sha256-Ne5d3zFuhRzPOBkl5OR9CIW6YGoCW81o8nYOvtRqzYo=",
  "/learn/page.js": "sha256-SQJRDWv+ktUiNDCwmk9mYVx4RijN3tFVc/t1GG2lx6s=",
  "/learn/plan.js": "sha256-4kqEX+cL60J2zfrSBuL/2hJAZbkw3TQ0t0ow2JHPp1c=",
  "/learn/practice.js": "sha256-cM9hkJc/kDKTHRWn+BAxBUrBwY5gh7rI8uAAbTdylrw=",
  "/learn/progress.js": "sha256-j8BsbRSk/790xafTQHmHg41SUHhfCRrKmQjqBjxM7IQ=",
  "/learn/question.js": "sha256-j2KwkbCB9El0maiZ33d3ShZbCNYWdaP1uLP/Sn6a618=",
  "/learn/result.js": "sha256-ZSAdBN4bUlTHDDzbikir9JNsY30z1tFK/5DUBlz4PKo=",
  "/learn/settings.js": "sha256-fpDj93dwWkNbDR/svZNhVjsdPE6QzC0lbW3U9YvyU3M=",
  "/learn/side.js": "sha256-0mKoQ4xPqpLlt+/rKGtca/YGoaLc/feGfOMkTK+yE6s=",
  "/learn/stored.js": "sha256-5zHpS9/b7PmgLBkbiv7N00S+74eSyEuGrzedX4Bckg0=",
  "/learn/sync_state.js": "sha256-KBa9wpWUkZtCI0a+FH/HGRvHuRH9H8BGf5SoovnnyrE=",
  "/learn/texts.js": "sha256-rKi9PuoDpvs3uh1W3KM3XcDRYlDdbiNGe0u2sGlOTHs=",
  "/learn/timeline.js": "sha256-/PCQ2SolvBE659jcDf/Yndfyx9g2iGEe8JIcX2vJW50=",
  "/learn/today.js": "sha256-hbQNfSElGERAvC2GOI7OxjMJZ2drf1UKSjNBk5fhQtw=",
  "/learn/topic_list.js": "sha256-qCTe9RocuVnaVSrpzyQu4nHGRlFBpM5MVpiyoDOzJTQ=",
  "/learn": "sha256-AZW70qJo2Jwy8h1rh7fMp50LTEHDH17RSp1VXqNJPTM=",
  "/shared/api.js": "sha256-ToFl6ijAWm93IuHc4aVXG/CovVxdwVE/7ZSnLAXILXc=",
  "/shared/base.css": "sha256-JBP1YolRN2uLuEKQC2tPqVre2ndvfF2utLxmRmi8L0k=",
  "/shared/chart.js": "sha256-dlAW5yA2Keojz1R8o0K3m8sQY/eznirEGlAA2XmErTg=",
  "/shared/components.css": "sha256-L0FOG3FoftNe7ChHX5845aN6qozrU2LoSio6gp+8Lt4=",
  "/shared/csv.js": "sha256-/NdqT9tVDW+K4c5KVnmKLwfFjUWG9UqeTMrXa6PmqW8=",
  "/shared/deliver.js": "sha256-lmJZz7qc0BCGkSb7WOc8rZ3XiMPX1S1z7wjWPkwCVqY=",
  "/shared/dialog.js": "sha256-DnSHccBwM12i6BEHsL5o1EsA+GBcB2irehFR6QE4shU=",
  "/shared/elements.js": "sha256-TRCn5NUJdjc8N9v1s0qxuhKMbJ80Rse//IJ9Q0obGHE=",
  "/shared/figures.css": "sha256-vQpqsg15feTIwTIfA9rXnUYr1/hFATWAEzD5Ou0rxVM=",
  "/shared/format.js": "sha256-ZXCohwZbeX5OOryaPyVrLRar/4aOxYBdjRax23E9Etc=",
  "/shared/html.js": "sha256-NFpPt+32cSgRjMhz5trZI9DVL/xBUpgkqOUR43Q5YR4=",
  "/shared/live.js": "sha256-05c7fdVGaTg/g91UJHkSCVmXTApH4RIUfCfJnVCmX7U=",
  "/shared/login.js": "sha256-BaLRKveyCRMf7b4AUQIKV/ODOJnfFmihO5XIISRHDsQ=",
  "/shared/problems.js": "sha256-9UO8m1pxSXqxC7fmg0HUo6lS+4DkkPzwYxxbYpa4/8M=",
  "/shared/table.js": "sha256-g5+WimNgodHIL7kZBc23x2wsxobFCp4xO/mPFn7vWg8=",
  "/shared/texts.js": "sha256-Ll3QvHzdEiu1LxuE8PRH5xqcYg6cejvMBMgMHBiWEV8=",
  "/shared/tokens.css": "sha256-AMcTCun8H4hfkfoyJg5VKypqS6z5JfYW3w7SbPR52E4=",
  "/test/test.css": "sha256-f2Rk+e0SNuaxYZo2MUvCA3rDOr27wWScJAC58J0cxcc=",
  "/vendor/hooks.js": "sha256-XGWrJjaI0IBYYv0IB8d5rwLCeZxE/aCHPfy4cNDacKA=",
  "/vendor/htm.js": "sha256-5NrJvECm8uxZBBPXh64wu8/fzeTyiXHuZdlXgnG3qtQ=",
  "/vendor/preact.js": "sha256-Il16dzdm5vss/MRSdP5B0gWfV4Lz8sRWmqUTKi06KQI=",
};
// End of the generated list.

const PREFIX = "stepwise-learn-";
const PATIENCE_MS = 4000; // after this time without a response, the connection counts as lost
const PASSING = [408, 429]; // statuses for which the copy is used, as for 5xx

const fromCopy = new Set(); // clients whose document came from the copy; so do their other files

/** The name of the copy; it differs as soon as any file has changed. */
async function nameOfCopy() {
  const bytes = new TextEncoder().encode(JSON.stringify(FILES));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return PREFIX + [...digest.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Copy all files or none: a file of another version does not match its hash. */
async function copyAll() {
  const copy = await caches.open(await nameOfCopy());
  const requests = Object.entries(FILES).map(([path, integrity]) => new Request(path, { integrity, cache: "no-cache" }));
  await copy.addAll(requests);
}

async function removeOldCopies() {
  const current = await nameOfCopy();
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== current);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function copyOf(path) {
  return (await caches.open(await nameOfCopy())).match(path);
}

/**
 * Whether the copy is used instead of a response: for errors of the server, and for files other than the page also if
 * they are refused or redirected. For the page, such a response may be the log-in of a network, which has to be shown.
 */
function isLost(response, isPage) {
  if (response === undefined || response.status >= 500 || PASSING.includes(response.status)) return true;
  return !isPage && (!response.ok || response.redirected);
}

/** The server's file, or the copy if the server cannot be reached, is too slow or fails. */
async function respond({ request, clientId, resultingClientId }, path) {
  const copy = await copyOf(path);
  if (copy && fromCopy.has(clientId)) return copy;
  const live = fetch(request);
  if (!copy) return live;
  const late = new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS);
  });
  const response = await Promise.race([live, late]).catch(() => undefined);
  if (!isLost(response, request.mode === "navigate")) return response;
  live.catch(() => {});
  if (resultingClientId) fromCopy.add(resultingClientId);
  return copy;
}

addEventListener("install", (event) => {
  event.waitUntil(copyAll().then(() => self.skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(removeOldCopies().then(() => self.clients.claim()));
});

addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin || !Object.hasOwn(FILES, pathname)) return;
  event.respondWith(respond(event, pathname));
});
