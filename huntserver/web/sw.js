// The service worker: the page opens without a network, and never as an old page on a new server without saying so.
//
// Files of the shell lie under a path that names their version, so a kept one is always the right one. The front page
// names the version: it is asked of the server first, and taken from here only when the server does not answer.

/* global SHELL */
importScripts("shell.js");

const HERE = `shell-${SHELL.version}`;
const WAIT_MS = 4000;
const TEXTS = /\/hunts\/[^/]+\/texts\/[0-9a-f]{32}$/;  // what such a path stands for never changes
const TEXTS_MAX = 400;
const PICTURE = /\/hunts\/[^/]+\/media\/[\w-]+\/[^/]+$/;  // nor what lies there; sound and video are asked for in parts, and not kept
const PICTURES_MAX = 60;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(HERE).then((cache) => cache.addAll(["./", "icon.svg", "manifest.webmanifest", ...SHELL.files])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  // The version before stays: a page that is open may still ask for a file of it.
  event.waitUntil(caches.keys().then((names) => {
    const old = names.filter((name) => name.startsWith("shell-") && name !== HERE).slice(0, -1);
    return Promise.all(old.map((name) => caches.delete(name)));
  }).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname === new URL("./", location.href).pathname) event.respondWith(front(request));
  else if (url.pathname.includes("/shell/")) event.respondWith(kept(request));
  else if (TEXTS.test(url.pathname)) event.respondWith(text(request, "texts", TEXTS_MAX));
  else if (request.destination === "image" && PICTURE.test(url.pathname)) event.respondWith(text(request, "pictures", PICTURES_MAX));
});

async function front(request) {
  const cached = async () => (await (await caches.open(HERE)).match("./")) || Response.error();
  let late;
  const timed = new Promise((resolve) => { late = setTimeout(() => resolve(null), WAIT_MS); });
  try {
    const answer = await Promise.race([fetch(request), timed]);
    return answer && answer.status < 500 ? answer : cached();
  } catch {
    return cached();
  } finally {
    clearTimeout(late);
  }
}

async function kept(request) {
  return (await caches.match(request, { ignoreSearch: true })) || fetch(request);
}

async function text(request, name, most) {
  const cache = await caches.open(name);
  const held = await cache.match(request);
  if (held) return held;
  const answer = await fetch(request);
  if (answer.ok) {
    await cache.put(request, answer.clone());
    const keys = await cache.keys();  // in the order in which they came
    await Promise.all(keys.slice(0, -most).map((old) => cache.delete(old)));
  }
  return answer;
}
