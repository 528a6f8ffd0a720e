// The service worker of the study page: a copy of the page's files, so that it opens without a connection.
// Online, the server's files are used as ever. Data of the API are not copied here.

// Written by `make shell`: address and hash of each file.
const FILES = {
  "/account/api.js": "sha256-tACiPqTCDhVlYR8pImESt2MVIkX3T6zt3rgXwqfv3cM=",
  "/account/enter.js": "sha256-UkE+Z2wx8O/SbHXPjseg3sCClmPH7gpdkPT+bNG84Jo=",
  "/account/form.js": "sha256-8XMYiP+TF2iN2FOHnNLn6n7xnWZajtApwoWFJhJUNZ4=",
  "/account/model.js": "sha256-HxkEOoKiPKVge2XMdAgfqhDXVe6tSp4rRfaKsfoZtC0=",
  "/account/stored.js": "sha256-4sV8sAPQEHYaKVPRGnB79RbDJzSNft6ND91Bi2Jjc3c=",
  "/account/texts.js": "sha256-uqssagAh/4scSFZJ+NwFYTPh8JZBSW+6wa1DpS4ADuE=",
  "/icon.svg": "sha256-DOH0OR/EU8ZO4z/e1ZwVX7NJG5pbqieVd+lZVXzeIr4=",
  "/learn/class_card.js": "sha256-66TOLTTXF+/AQdNHMK71ajw/8b/un6izy/TGK5b4xWg=",
  "/learn/data.js": "sha256-iE9WAdLrXgYA4ZuSHBuWBy41SHE1QndeZpEVsv3+TD8=",
  "/learn/device_card.js": "sha256-HzF6QVWoLtE0S0g/8YqbcQ3+v4PJt8jtDWj2Q3RTIQk=",
  "/learn/icons/180-full.png": "sha256-4qFu4V6+1/vj5u+9LclmLt1RRdO4y3cmUG5Swx1O37s=",
  "/learn/icons/192.png": "sha256-/mPB68ozpZo93EGMlfA5Ptt8GgvlxShJSIDpW5MDNrU=",
  "/learn/icons/512-full.png": "sha256-/DihQLX1fIui9CM8Gqqkz0mLzcm8rt600Of5tAVXcrw=",
  "/learn/icons/512.png": "sha256-nZ2D6t34ciIUjcPNAhzUMmrgfYtMPiFr09CA8hffPYU=",
  "/learn/install.js": "sha256-rOGUuo0TXvckFPep9wMQGu4Dk1GBOMK7/S5rOw2VwfE=",
  "/learn/install_card.js": "sha256-TbgmapBOQlLB6EIvb2M+JsK768WY0BxXr/7gXUaGqQw=",
  "/learn/learn.css": "sha256-wDcTz0s6DxLwCipIf74Y1ZNbeorAg9coGzsG7DJBIzM=",
  "/learn/manifest.json": "sha256-ANL7DB4GLBKFtccAU0WvclRNcLO1hgaHSBotLK6QH4E=",
  "/learn/model.js": "sha256-ncm03iP+ViPLT3uYuRWGtjw/KOe6QuxRkW8QtL7sbmM=",
  "/learn/offline/background.js": "sha256-4pD8d6Ot5F/FHHFp3cO1dZPXpbBfQJXnsc15+dQT85c=",
  "/learn/offline/clock.js": "sha256-BtfCk/0eymxabYR6ezX8do7rUbqOs3A6tx0LNCaCMJ8=",
  "/learn/offline/content.js": "sha256-X1OBoaSG+zybGz5NBAPvL6ZxiO3DONNwAoPlmJ7d778=",
  "/learn/offline/copy.js": "sha256-ulgJsjd6OiVQjCz0IT2ruREPsujq96XDItCP8Fd3GIE=",
  "/learn/offline/digest.js": "sha256-ijZcjgwxsR93cC0N9Jah0nynn4tmZ+oIf0EBdKakxik=",
  "/learn/offline/file.js": "sha256-+0uvycwkFF8mSYv61vu8CLHewMD99Kc0U/DwNzq0Mks=",
  "/learn/offline/grade.js": "sha256-g1W2VAH8QBiGUgzSbaNsTkVcikS8e5nI8+WR4YIyxM0=",
  "/learn/offline/mastery.js": "sha256-J+cWbepl5eW7gL5/mqz62CA5CJQGmFnt4VxoaMHkBWU=",
  "/learn/offline/queue.js": "sha256-LS2zVVRZUIpcXmFGsOQeJnhdiW1F0t+gLhDJZlt4CBM=",
  "/learn/offline/repair.js": "sha256-BaTMvdnVWLDLRa3CngORTTJSL5zA/xlaAck4zzUyDFA=",
  "/learn/offline/shown.js": "sha256-DE8jiepeYKiE48O5M6Fn1PcjZC01VFke0T3qjRGsvZY=",
  "/learn/offline/store.js": "sha256-KEyZm5ug73ayI+3egbnBIYB5nw9ANWp2arIxvtZX2ak=",
  "/learn/offline/sync.js": "sha256-fIiMOZZkjYcpzTzMwJIsMUbCl1lsre3Jy1qT1ClhQLo=",
  "/learn/page.js": "sha256-qPnX1wI7pEHZfkOXok8mTaaZMgTPwMDMhVRtEkAm2E4=",
  "/learn/plan.js": "sha256-oPxntto2dKJylx+5Hh9GtY0iD7TvHymhAwF2LYr96+M=",
  "/learn/practice.js": "sha256-jemyx1HucjXvJJdXVAn822L8uMRo26+2bcfkVAqUS5Y=",
  "/learn/progress.js": "sha256-Z+RJiry9f94anp8iTCo8l87893bLcumcVnwDCOx/7vI=",
  "/learn/question.js": "sha256-EVcgP90bguUk0E8yaGyXDfw/VLoqZdwEmLKgtBTxsVs=",
  "/learn/result.js": "sha256-RJe0MDo4vVHUQCYfqZWXYzi6KLvn15ZGcw0Hmxd8fYo=",
  "/learn/settings.js": "sha256-GnF/InRDIwzHI+5JEM+ltFCirspQTr59FLEFR9IXk9U=",
  "/learn/side.js": "sha256-Z/NS1p+5e5A92Df2IAoJsghLjJAHxM7BObPJI5D/AyA=",
  "/learn/stored.js": "sha256-F4OqOaSVqiwltcwAOw3TKu/+O+RKrqTH1dOeIpV2Drg=",
  "/learn/sync_state.js": "sha256-rlolE8s/ZFOr7hdCW0u8SZUJ2vdqjVegP7zrDIA/9Xg=",
  "/learn/texts.js": "sha256-5wzMLILBL+k5JHPwTIS0fstqu0oUi5Gmdow2NOkqIl4=",
  "/learn/timeline.js": "sha256-i4uBnsG5B6gJf0dp+nV4fe/tbrPQdnaUL0nen/I5uqs=",
  "/learn/today.js": "sha256-8SOUPzzOmJYGT2eay0iZLdeaKA5d4yqDhgz/CyJz9ks=",
  "/learn/topic_list.js": "sha256-ngnETdAQAF16GZRrt3v1oJtHkkjlVdHjy4fz8TNgPHU=",
  "/learn": "sha256-iZyZ1jHFZkPaEE7xaXzTnkUbXetB+A4/y9dfZcdI518=",
  "/shared/api.js": "sha256-KE1zbu7A5VmdQotOqRk1mlLndWJPKwCVmS6JavbU9n8=",
  "/shared/base.css": "sha256-XkB4wT+gnHrKSSa4zQ1MVBXOXc24Q/vapRmYp4n12DM=",
  "/shared/chart.js": "sha256-W9d3gvdbuRwB+Vrbt0XA86XgpNHZm0Hp3sc/YJ7twOo=",
  "/shared/components.css": "sha256-nzR+TBqKMLgQYLluWyclAOtysMF/WchxVf3SWBu0RHw=",
  "/shared/deliver.js": "sha256-82Nsno0lkWONHJLkArMhMI41FxbiBjL2RR48Xm2/zUk=",
  "/shared/dialog.js": "sha256-bho6VRRzyP8y2B4XMyX/uEloQ90Xt6NBhfe6XUZjncc=",
  "/shared/elements.js": "sha256-r9efcMsCWMXGImJ/rTjk34i1s+xtyDgoFiWJou8wGLc=",
  "/shared/figures.css": "sha256-dAtp7tmHhS3Y21bJn9FGg6mIEcVvVX52RGJjeN0AU3k=",
  "/shared/format.js": "sha256-ZXCohwZbeX5OOryaPyVrLRar/4aOxYBdjRax23E9Etc=",
  "/shared/html.js": "sha256-fSESIPR1fMPTICLtJyIYvMKgK54fMLXlCDplSI3UPEg=",
  "/shared/live.js": "sha256-2wCZaxP+W7OOIJayfm1kmKoyTBr27VjDrgV5hi0eTRs=",
  "/shared/login.js": "sha256-BaLRKveyCRMf7b4AUQIKV/ODOJnfFmihO5XIISRHDsQ=",
  "/shared/problems.js": "sha256-1vPsNqwWAXClDmuOhtNdR8GbdP8ZOHqKJ6cho1upH/I=",
  "/shared/table.js": "sha256-g5+WimNgodHIL7kZBc23x2wsxobFCp4xO/mPFn7vWg8=",
  "/shared/texts.js": "sha256-d2GYamQ+dvGN/H40cbFPbvn/W7D6B82/P9a/uo2t2KE=",
  "/shared/tokens.css": "sha256-eBvMbPT+Fe/zZFtJljYvDm/qERcEfUBVLCFhLPLEpg8=",
  "/test/test.css": "sha256-f2Rk+e0SNuaxYZo2MUvCA3rDOr27wWScJAC58J0cxcc=",
  "/vendor/hooks.js": "sha256-XGWrJjaI0IBYYv0IB8d5rwLCeZxE/aCHPfy4cNDacKA=",
  "/vendor/htm.js": "sha256-5NrJvECm8uxZBBPXh64wu8/fzeTyiXHuZdlXgnG3qtQ=",
  "/vendor/preact.js": "sha256-Il16dzdm5vss/MRSdP5B0gWfV4Lz8sRWmqUTKi06KQI=",
};
// End of what is written.

const PREFIX = "stepwise-learn-";
const PATIENCE_MS = 4000; // a connection that answers later than this counts as lost
const PASSING = [408, 429]; // statuses in whose place the copy is better, besides 5xx

const fromCopy = new Set(); // clients whose document came from the copy; their other files do, too

/** The name of the copy: another one as soon as any file has changed. */
async function nameOfCopy() {
  const bytes = new TextEncoder().encode(JSON.stringify(FILES));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return PREFIX + [...digest.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Copy all files or none: a file of another version than the others fails its hash. */
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

async function copied(path) {
  return (await caches.open(await nameOfCopy())).match(path);
}

/** Whether the copy is better; besides a page itself, which may be the log-in of a network, a file must be the server's own. */
function isLost(response, isPage) {
  if (response === undefined || response.status >= 500 || PASSING.includes(response.status)) return true;
  return !isPage && (!response.ok || response.redirected);
}

/** The server's file; the copy where the server cannot be reached, is too slow or has a fault. */
async function respond({ request, clientId, resultingClientId }, path) {
  const copy = await copied(path);
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
