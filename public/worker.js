// The service worker of the study page: a copy of the page's files, so that it opens without a connection.
// Online, the server's files are used. Data of the API are not copied here.

// Written by `make shell`: address and hash of each file.
const FILES = {
  "/account/api.js": "sha256-4iB71/gXztzLXAIVGXpkqKG7VJZ56HmLjS0HnVL0Y8U=",
  "/account/enter.js": "sha256-KPtm8937dh392+9JSdAJwHPJMagqQEp1GOT8Wy9PFDc=",
  "/account/form.js": "sha256-yEi/XeGwWBegSF2El1Ixlh/c9nEuruLBtcrrIat0bl8=",
  "/account/model.js": "sha256-t31Q331v0y1OuDDTZECacD3HNbxD+MIWfURg61hfw3M=",
  "/account/stored.js": "sha256-a6tV0dJuM+Fj2NinYLXV2SedATUqmCzPxWM/7qXGIKo=",
  "/account/texts.js": "sha256-2fZsXmin4Jy3kikwKXyL1U+9ibMh2rG4M21PhXO5Rp8=",
  "/icon.svg": "sha256-DOH0OR/EU8ZO4z/e1ZwVX7NJG5pbqieVd+lZVXzeIr4=",
  "/learn/class_card.js": "sha256-OOPuC2ei0sdtFu/kJOrgSMiBHDIYzjfUZ7rDgGHT54E=",
  "/learn/data.js": "sha256-Xa3Ntnu23SORZ4ubEULOJPyoVyt8BgQudm7uI908EJY=",
  "/learn/device_card.js": "sha256-Bmes55G4ARMxk5T2ZzzeDPm+hy+TD8d2d27AAWHVoIs=",
  "/learn/icons/180-full.png": "sha256-4qFu4V6+1/vj5u+9LclmLt1RRdO4y3cmUG5Swx1O37s=",
  "/learn/icons/192.png": "sha256-/mPB68ozpZo93EGMlfA5Ptt8GgvlxShJSIDpW5MDNrU=",
  "/learn/icons/512-full.png": "sha256-/DihQLX1fIui9CM8Gqqkz0mLzcm8rt600Of5tAVXcrw=",
  "/learn/icons/512.png": "sha256-nZ2D6t34ciIUjcPNAhzUMmrgfYtMPiFr09CA8hffPYU=",
  "/learn/install.js": "sha256-hDOJYIdv0+hifRTp57qe6hSpn4jKBzyEpBrgW86HFbo=",
  "/learn/install_card.js": "sha256-TbgmapBOQlLB6EIvb2M+JsK768WY0BxXr/7gXUaGqQw=",
  "/learn/learn.css": "sha256-AoS3Edc88NM1vOqSasxyJ6T82X+MKRi05qC7PV3MhBU=",
  "/learn/manifest.json": "sha256-ANL7DB4GLBKFtccAU0WvclRNcLO1hgaHSBotLK6QH4E=",
  "/learn/model.js": "sha256-Ht0P1FvWNTpzjLNVo7J34kf9J0fzrRgC2QCZxNxeXOI=",
  "/learn/offline/background.js": "sha256-D4WdobSRuvUHNX3n33nvWT+k8frsAnTqmhR41kT2ctE=",
  "/learn/offline/clock.js": "sha256-7Bj9oxkRc52bGaNydmOUYLRdL7Gx04+vaEs1mV5h4K0=",
  "/learn/offline/content.js": "sha256-ImBtflHqfFrnjKCxE8OkjC+j2xuL6gStN/GiDOYAOiI=",
  "/learn/offline/copy.js": "sha256-pI1ONvdq7/p4cQkEeIVpKxnaHk7fnLe/y1NBgvaldJg=",
  "/learn/offline/digest.js": "sha256-bdzHHk8V1hXbCZKtsAHZan+64FYKZyBTmEKmX+Fg7DM=",
  "/learn/offline/file.js": "sha256-gGy5weMhZKb1uTSgER1TiLOCiFdwV/WgvSahT3gWMFg=",
  "/learn/offline/grade.js": "sha256-g10063voqe/y/XtKcNX6ZUeXnjEYiAsbP/LLjvDRLKU=",
  "/learn/offline/mastery.js": "sha256-s+5frNQyng+4oj+cRAVQh9idQLZWSjKpYbOJmQndPsY=",
  "/learn/offline/overview.js": "sha256-T9o6SMMYo0qMxjMKJgqo5HrfC1c806TkTgB69rLNYe4=",
  "/learn/offline/queue.js": "sha256-wrw1h3aywLyerAdrhIH4RWzmMYJu8vwWTSpuh8QcYFk=",
  "/learn/offline/repair.js": "sha256-PpviJQjB8WT1gzxwCLwh3sVqC6zhCA0w3rO76quco1E=",
  "/learn/offline/store.js": "sha256-byV58SK3Zjo6NgkM51VbQ/mvsRwo0lPDbp1I4IGqhzU=",
  "/learn/offline/sync.js": "sha256-U+n+j8ObmQFveM4RpzyOz4GZyYMc3Q3caEtWGt2JhcA=",
  "/learn/page.js": "sha256-2R3bgMzfUPGt0UaX6XuSRYHxhZVO0s+cAXcRe7brfiQ=",
  "/learn/plan.js": "sha256-PPWyCmimtvXBrGXuZ2F33CnXNmYA7yKfCo6sG0QuQDU=",
  "/learn/practice.js": "sha256-pYaPGayl6mP+bPRX3hNw76vgaxhkqIiUkwr1v9m+eRc=",
  "/learn/progress.js": "sha256-j8BsbRSk/790xafTQHmHg41SUHhfCRrKmQjqBjxM7IQ=",
  "/learn/question.js": "sha256-RCvNn/cV84W4P1U3XaQ3jzB3s1ak1V+Ps69IGWJAKAA=",
  "/learn/result.js": "sha256-sWy81cXshbAkWTTxviTQ0R3XLlx0oZg+KFm4iKDwTXs=",
  "/learn/settings.js": "sha256-PppuHwme2agyb1IPsmjtlmee4m9nwcBJAfrfojoImec=",
  "/learn/side.js": "sha256-0mKoQ4xPqpLlt+/rKGtca/YGoaLc/feGfOMkTK+yE6s=",
  "/learn/stored.js": "sha256-G51cgOmnoCK38gXYp5HB08KhO9jFbog6NcjtXyk9QEQ=",
  "/learn/sync_state.js": "sha256-GOOmZqX5kmYNnuHqt3COSWQ/EaDvrFXWYqpGKbPNDj8=",
  "/learn/texts.js": "sha256-UdGIhEOcMVzvQfKeMIF7eUTeZi1fVVdKaTlHBTVss9k=",
  "/learn/timeline.js": "sha256-hcTCVhBGhbGxONLNdHSe9Ys9wa2oW1IoxLM1t9GaM2w=",
  "/learn/today.js": "sha256-Wc3dposuy85dNk+gnRiIytzhECkB6IqGfwGhAqBgRsM=",
  "/learn/topic_list.js": "sha256-qCTe9RocuVnaVSrpzyQu4nHGRlFBpM5MVpiyoDOzJTQ=",
  "/learn": "sha256-YwQ/2eFwXo7blKZl3SARaooiUV8MpFGfv6JJaZbq9nU=",
  "/shared/api.js": "sha256-ToFl6ijAWm93IuHc4aVXG/CovVxdwVE/7ZSnLAXILXc=",
  "/shared/base.css": "sha256-GD7ReDgsb4QJIE2lRkSFRaMTx+wOr4DndtOwDOUy404=",
  "/shared/chart.js": "sha256-ET5aNBUXFDhTnpn098XuSZMCDJ4Yn9EPpO7new7FNHk=",
  "/shared/components.css": "sha256-S5B8yvS67JEg14pAXBdLG3SDMO4fTifh8lBa9ROOIAk=",
  "/shared/csv.js": "sha256-sU5mfLk6y+HbIbl3R9SCkHaCGw0ZVBkADx24ZCJnay4=",
  "/shared/deliver.js": "sha256-FH0eH+1dnw+TBbaA0O+dEf9aMe6mqPmC0yO0CfV3FJk=",
  "/shared/dialog.js": "sha256-AwvDHf+1P6NWTXCf0vGFJ+3SWXpv/NQzZGk/+a/PWnk=",
  "/shared/elements.js": "sha256-9KQK7ICio2cAnvdPEG3sFflJorQmMu1mVeJmh3kibQs=",
  "/shared/figures.css": "sha256-9HXBeA4nF9w9hwWkfmCRcUXzQj0LsiQWhY0Jijcgwfs=",
  "/shared/format.js": "sha256-50VRmtTBdAT6kp7e5nm8oh2FDnUe2i8f9JZUPUIfHJk=",
  "/shared/html.js": "sha256-NFpPt+32cSgRjMhz5trZI9DVL/xBUpgkqOUR43Q5YR4=",
  "/shared/live.js": "sha256-p+LSXIxI+Dp5L3peLfpxRztCTMQMI+NTufWR6xiwHEI=",
  "/shared/login.js": "sha256-T5L1ww/6vvW4qvod5JXCmoB2qlwfFBYj0zMPj7Q1Mps=",
  "/shared/problems.js": "sha256-AhMOV1o9DV7RCwDU7y0bdWg1fO3ME4IehlvW9Gfux4I=",
  "/shared/table.js": "sha256-sZWhgWYFnnMeB5MjjdVxG+yeLxUQeWqh9afARsssTzU=",
  "/shared/texts.js": "sha256-ASIqVAtjrInn1Z3h4LrNebPS1vaYlkn0srZhbmuQtwQ=",
  "/shared/tokens.css": "sha256-p1M4/6xmoPScS8Oxf4aGpqcIInH/rnpngj7yv4ztsII=",
  "/test/test.css": "sha256-M6dbb16fYoI7t5VvymcGDzGyO4CahUwrmZRguymu7pQ=",
  "/vendor/hooks.js": "sha256-XGWrJjaI0IBYYv0IB8d5rwLCeZxE/aCHPfy4cNDacKA=",
  "/vendor/htm.js": "sha256-5NrJvECm8uxZBBPXh64wu8/fzeTyiXHuZdlXgnG3qtQ=",
  "/vendor/preact.js": "sha256-Il16dzdm5vss/MRSdP5B0gWfV4Lz8sRWmqUTKi06KQI=",
};
// End of the generated list.

const PREFIX = "stepwise-learn-";
const PATIENCE_MS = 4000; // after this time without a response, the connection counts as lost
const TEMPORARY = [408, 429]; // statuses for which the copy is used, as for 5xx

const fromCopy = new Set(); // clients whose document came from the copy; their other files come from it, too

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
 * Whether the copy is used: if there is no response, or it is a server error or a temporary refusal; for files other
 * than the page, also if it is any other refusal or a redirect. Such a response to the request for the page may come
 * from a network's captive portal, so it is shown.
 */
function isLost(response, isPage) {
  if (response === undefined || response.status >= 500 || TEMPORARY.includes(response.status)) return true;
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
