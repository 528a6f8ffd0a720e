// The service worker of the study page: a copy of the page's files, so that it opens without a connection.
// Online, the server's files are used. Data of the API are not copied here.

// Written by `make shell`: address and hash of each file.
const FILES = {
  "/account/api.js": "sha256-Cw49ziYILx1Nlx1zsqsl4nBhQ7LbFgp85SiZgFIFXZI=",
  "/account/enter.js": "sha256-utE67ZiFyAQSW3CjoxY4UBvFjTQ+ZLG82A/D6VFtmFs=",
  "/account/form.js": "sha256-8XMYiP+TF2iN2FOHnNLn6n7xnWZajtApwoWFJhJUNZ4=",
  "/account/model.js": "sha256-XHS0QY+4mQYya8SLZn3hmLjj2Aj6F2r6bv/GEcO75GI=",
  "/account/stored.js": "sha256-UYvNXsaut02j+GFsZbIMGnn2TGlppV2iDQogO8iXkSE=",
  "/account/texts.js": "sha256-uqssagAh/4scSFZJ+NwFYTPh8JZBSW+6wa1DpS4ADuE=",
  "/icon.svg": "sha256-DOH0OR/EU8ZO4z/e1ZwVX7NJG5pbqieVd+lZVXzeIr4=",
  "/learn/class_card.js": "sha256-66TOLTTXF+/AQdNHMK71ajw/8b/un6izy/TGK5b4xWg=",
  "/learn/data.js": "sha256-CzSFb45JrP4tv/Ld9BDmV15pt6x49gEqSNaIwWYPo5Q=",
  "/learn/device_card.js": "sha256-j6vuhxrCuDqJpJeIJshjB/0iN+5l9lXgxjkRXUcEBOw=",
  "/learn/icons/180-full.png": "sha256-4qFu4V6+1/vj5u+9LclmLt1RRdO4y3cmUG5Swx1O37s=",
  "/learn/icons/192.png": "sha256-/mPB68ozpZo93EGMlfA5Ptt8GgvlxShJSIDpW5MDNrU=",
  "/learn/icons/512-full.png": "sha256-/DihQLX1fIui9CM8Gqqkz0mLzcm8rt600Of5tAVXcrw=",
  "/learn/icons/512.png": "sha256-nZ2D6t34ciIUjcPNAhzUMmrgfYtMPiFr09CA8hffPYU=",
  "/learn/install.js": "sha256-0lh9Lb9QCPKIAT4LoGlkXXgj59l7HhqRJqaFV+xd0fM=",
  "/learn/install_card.js": "sha256-TbgmapBOQlLB6EIvb2M+JsK768WY0BxXr/7gXUaGqQw=",
  "/learn/learn.css": "sha256-AoS3Edc88NM1vOqSasxyJ6T82X+MKRi05qC7PV3MhBU=",
  "/learn/manifest.json": "sha256-ANL7DB4GLBKFtccAU0WvclRNcLO1hgaHSBotLK6QH4E=",
  "/learn/model.js": "sha256-n431zBQC6BGAMdp4F1AUSdeWBxifOKFWainXsqfokQg=",
  "/learn/offline/background.js": "sha256-adIthha+1h2Ep7wKW6q3H1rD+yvAZ0KdLB0iPZxmlgs=",
  "/learn/offline/clock.js": "sha256-7Bj9oxkRc52bGaNydmOUYLRdL7Gx04+vaEs1mV5h4K0=",
  "/learn/offline/content.js": "sha256-FGCT0qWR+cj5YYU4yOpBbaOUpSDZQbQRrZgsEJ5/aC0=",
  "/learn/offline/copy.js": "sha256-rZAGfjjgQBGMiv9ftD2nt57A5dCGG4PtF6Azo/08hiQ=",
  "/learn/offline/digest.js": "sha256-ijZcjgwxsR93cC0N9Jah0nynn4tmZ+oIf0EBdKakxik=",
  "/learn/offline/file.js": "sha256-n9wpLjBGX53T79Nz0NNJTAlguT01PLVXyM5/4OmiwMk=",
  "/learn/offline/grade.js": "sha256-KF6xiSpXPH274DbVhEWWAwi4zsuMd17PHRGfXoAfkdc=",
  "/learn/offline/mastery.js": "sha256-IEOWt5BfP7dNcfJ/zEWN3cTNfQviHq6Pm8Mqm6iMEE4=",
  "/learn/offline/overview.js": "sha256-dS9FbC8msObgNIZsVHKk9S+l5So83qeTwRUjRTB2pII=",
  "/learn/offline/queue.js": "sha256-Lqt/x3lfk5TBys2Ez+Cx9r55KUfPwTMDREywt7u1Bsc=",
  "/learn/offline/repair.js": "sha256-fX5DUMeufA4hbNArQL2HMCqqqfI3ZORtVTMXRgHAUkU=",
  "/learn/offline/store.js": "sha256-OFjXlmKcK66gqzOPrSSdPpyRk7woYW1ZTutaHlR2dZg=",
  "/learn/offline/sync.js": "sha256-DqHXVx0M6k6oEU5d/24YLbNSG8j/ZHjLCGAy/nijROg=",
  "/learn/page.js": "sha256-X8J60Zb5wtGEm70knRj5mVTWTX/AVluy1BW7QvLRQTI=",
  "/learn/plan.js": "sha256-oPxntto2dKJylx+5Hh9GtY0iD7TvHymhAwF2LYr96+M=",
  "/learn/practice.js": "sha256-jemyx1HucjXvJJdXVAn822L8uMRo26+2bcfkVAqUS5Y=",
  "/learn/progress.js": "sha256-Z+RJiry9f94anp8iTCo8l87893bLcumcVnwDCOx/7vI=",
  "/learn/question.js": "sha256-j2KwkbCB9El0maiZ33d3ShZbCNYWdaP1uLP/Sn6a618=",
  "/learn/result.js": "sha256-7Rg1EJ73IKlb3mWLTRou6tJzqw4R8gqE5Mmv/437mW0=",
  "/learn/settings.js": "sha256-fpDj93dwWkNbDR/svZNhVjsdPE6QzC0lbW3U9YvyU3M=",
  "/learn/side.js": "sha256-0mKoQ4xPqpLlt+/rKGtca/YGoaLc/feGfOMkTK+yE6s=",
  "/learn/stored.js": "sha256-F4OqOaSVqiwltcwAOw3TKu/+O+RKrqTH1dOeIpV2Drg=",
  "/learn/sync_state.js": "sha256-nBZHri9R33oJVVIVsozYRt0CNRaUBvz9sTNAl0EyVLY=",
  "/learn/texts.js": "sha256-ZrfYbE/++NYEcQD7ZC7/AakqK/t14Q6rYY+DXRURDRI=",
  "/learn/timeline.js": "sha256-/PCQ2SolvBE659jcDf/Yndfyx9g2iGEe8JIcX2vJW50=",
  "/learn/today.js": "sha256-UMZx8xumEH7sIkkrbppMGM9CmNNm47zph7I/oqtB1T4=",
  "/learn/topic_list.js": "sha256-ngnETdAQAF16GZRrt3v1oJtHkkjlVdHjy4fz8TNgPHU=",
  "/learn": "sha256-AZW70qJo2Jwy8h1rh7fMp50LTEHDH17RSp1VXqNJPTM=",
  "/shared/api.js": "sha256-ykPd4U6ahJ6tTWOVW6fr3ODjhqfKNSzlixiFhPiDyHs=",
  "/shared/base.css": "sha256-JBP1YolRN2uLuEKQC2tPqVre2ndvfF2utLxmRmi8L0k=",
  "/shared/chart.js": "sha256-BF0SE7RKPsjOTp6Jg9AFvTo3DGo774ndiqFdp03xSP4=",
  "/shared/components.css": "sha256-L0FOG3FoftNe7ChHX5845aN6qozrU2LoSio6gp+8Lt4=",
  "/shared/csv.js": "sha256-/NdqT9tVDW+K4c5KVnmKLwfFjUWG9UqeTMrXa6PmqW8=",
  "/shared/deliver.js": "sha256-xoDjvH5j6YX5RIDXOUZMzRO671iqMeoFvlndz2Ns+cY=",
  "/shared/dialog.js": "sha256-NVoHoh15F1yd5WM0ybCW26UZzJQyoNuLDKiv1JTfKPs=",
  "/shared/elements.js": "sha256-zevEtcS5+m4glv82zk+u0G+pLYgDdDUFyS28LfprmBE=",
  "/shared/figures.css": "sha256-vQpqsg15feTIwTIfA9rXnUYr1/hFATWAEzD5Ou0rxVM=",
  "/shared/format.js": "sha256-ZXCohwZbeX5OOryaPyVrLRar/4aOxYBdjRax23E9Etc=",
  "/shared/html.js": "sha256-fSESIPR1fMPTICLtJyIYvMKgK54fMLXlCDplSI3UPEg=",
  "/shared/live.js": "sha256-22x6mMDak3jdklFsnXxrCB1nGuqP83jE4cfuj3aRbXk=",
  "/shared/login.js": "sha256-BaLRKveyCRMf7b4AUQIKV/ODOJnfFmihO5XIISRHDsQ=",
  "/shared/problems.js": "sha256-1vPsNqwWAXClDmuOhtNdR8GbdP8ZOHqKJ6cho1upH/I=",
  "/shared/table.js": "sha256-g5+WimNgodHIL7kZBc23x2wsxobFCp4xO/mPFn7vWg8=",
  "/shared/texts.js": "sha256-cSEmaHGVKX+63nrTUqUPF13UID+6M2RjQhsD1QtBHm4=",
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
