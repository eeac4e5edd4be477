// Keeps the console's own files, so that it opens without a network. Answers of the API are none of its affair.
declare const self: ServiceWorkerGlobalScope;
// Written by the build: a name for these files as they are, and their paths.
declare const SHELL: { readonly version: string; readonly files: readonly string[] };

const PREFIX = "timeloom-console-";
const CACHE = `${PREFIX}${SHELL.version}`;
const PAGE = "/";
const FILES = new Set(SHELL.files);
// What the gateway serves besides the console.
const OTHERS = /^\/(api|auth|v1|mcp|docs|openapi\.json|migrate\.js|readyz|healthz)(\/|$)/;
const HASHED = /^\/assets\//;
/** How many files are fetched at a time: the page that is open needs the connections, too. */
const FETCHED_AT_ONCE_MAX = 3;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (FILES.has(url.pathname)) event.respondWith(kept(url.pathname, request));
  else if (request.mode === "navigate" && !OTHERS.test(url.pathname)) event.respondWith(kept(PAGE, request));
});
self.addEventListener("message", (event) => {
  if (event.data === "activate") void self.skipWaiting();
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  const left = [PAGE, ...SHELL.files];
  const fetchNext = async () => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) await keep(cache, path);
  };
  await Promise.all(Array.from({ length: FETCHED_AT_ONCE_MAX }, fetchNext));
}

/** Files whose name says what is in them are the same in each version. */
async function keep(cache: Cache, path: string): Promise<void> {
  const isHashed = HASHED.test(path);
  const before = isHashed ? await caches.match(path) : undefined;
  if (before !== undefined) await cache.put(path, before);
  else await cache.add(new Request(path, { cache: isHashed ? "default" : "reload" }));
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function kept(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const found = await cache.match(path);
  if (found === undefined) return fetch(request);
  // A worker reads its parameters from the address of what it was answered with, if that has one.
  return new Response(found.body, found);
}

export {};
