// Brings what an app keeps in this browser (localStorage and IndexedDB of this origin) over to Timeloom.
// Include it (<script src="…/migrate.js" data-app="desk"></script>) or paste it; it shows what it found, and
// nothing leaves the browser before somebody says so. The upload goes on after a reload.
"use strict";

(() => {
  const FORMAT_VERSION = 1;
  const STORAGE = "localStorage";
  const OWN = "timeloom-migration";
  const OWN_KEYS = /^timeloom-(migration|docs-key)/;
  const RECORDS_MAX = 100_000;
  const RECORD_BYTES_MAX = 8 * 1024 * 1024 - 1024;
  const HASH_BYTES = 80;
  const PART_BYTES = 1024 * 1024;
  const EXPORT_BYTES_MAX = 64 * 1024 * 1024;
  const DEPTH_MAX = 90;
  const BATCH = 500;
  const ATTEMPTS_MAX = 8;
  const BACKOFF_MS_MAX = 10_000;
  const CALL_MS_MAX = 90_000;
  const POLL_MS = 400;
  const SHOWN_MAX = 200;
  const ENDED = ["SUCCEEDED", "FAILED", "WAITING", "PAUSED", "ROLLED_BACK"];
  // Which part of the whole each phase takes.
  const PHASES = { collecting: [0, 0.05], hashing: [0.05, 0.15], uploading: [0.15, 0.55], migrating: [0.55, 0.98] };
  const SECRET_NAME =
    /"[^"]*(token|secret|password|passphrase|api_?-?key|private_?-?key|credential|authorization)"\s*:\s*"[^"]/gi;
  const SECRET_FORM = /gh[pousr]_\w{20,}|github_pat_\w{22,}|glpat-[\w-]{20,}|sk-[\w-]{20,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY/g;

  const encoder = new TextEncoder();

  // -- Canonical JSON (RFC 8785) and its hashes ------------------------------------------------------------

  function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  }

  async function sha256(text) {
    const bytes = encoder.encode(text);
    // Pages that came over plain HTTP have no crypto.subtle.
    const digest = globalThis.crypto?.subtle
      ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
      : sha256Bytes(bytes);
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // FIPS 180-4; the constants are the fractions of the roots of the first primes.
  function sha256Bytes(message) {
    const primes = [];
    for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
    const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
    const k = primes.map((p) => fraction(Math.cbrt(p)));
    const state = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
    const length = Math.ceil((message.length + 9) / 64) * 64;
    const padded = new Uint8Array(length);
    padded.set(message);
    padded[message.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(length - 8, Math.floor(message.length / 2 ** 29));
    view.setUint32(length - 4, (message.length * 8) >>> 0);
    const w = new Int32Array(64);
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    for (let offset = 0; offset < length; offset += 64) {
      for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(offset + 4 * i);
      for (let i = 16; i < 64; i += 1) {
        const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
        const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i += 1) {
        const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
        const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((part, i) => (state[i] = (state[i] + part) | 0));
    }
    const digest = new DataView(new ArrayBuffer(32));
    state.forEach((part, i) => digest.setInt32(4 * i, part));
    return new Uint8Array(digest.buffer);
  }

  // -- What the browser keeps, as JSON ---------------------------------------------------------------------

  // Half of a character has no form in UTF-8.
  function wellFormed(text) {
    return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  }

  async function jsonOf(value, depth = DEPTH_MAX) {
    switch (typeof value) {
      case "string":
        return wellFormed(value);
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) ? value : null;
      case "bigint":
        return String(value);
      case "object":
        return value === null || depth <= 0 ? null : objectOf(value, depth - 1);
      default:
        return null;
    }
  }

  async function objectOf(value, depth) {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (value instanceof RegExp) return String(value);
    if (value instanceof Float32Array) return Array.from(value, shortest);
    if (value instanceof Float64Array) return Array.from(value, (each) => (Number.isFinite(each) ? each : null));
    if (value instanceof Blob) return { mediaType: value.type, base64: base64(await value.arrayBuffer()) };
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return { base64: base64(value) };
    if (value instanceof Map || value instanceof Set) return jsonOf([...value], depth);
    if (Array.isArray(value)) {
      // A hole is no number, and `every` does not see it.
      if (value.every(Number.isFinite) && !value.includes(undefined)) return value;
      const items = [];
      for (const each of value) items.push(await jsonOf(each, depth));
      return items;
    }
    const members = {};
    for (const name of Object.keys(value)) {
      if (value[name] === undefined) continue;
      Object.defineProperty(members, wellFormed(name), {
        value: await jsonOf(value[name], depth),
        configurable: true,
        enumerable: true,
        writable: true,
      });
    }
    return members;
  }

  // Nine digits are enough to read the same 32 bits back.
  function shortest(value) {
    return Number.isFinite(value) ? Number(value.toPrecision(9)) : null;
  }

  function base64(buffer) {
    const bytes = ArrayBuffer.isView(buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Uint8Array(buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  }

  function keyText(key) {
    if (typeof key === "string") return wellFormed(key);
    if (key instanceof Date) return key.toISOString();
    if (Array.isArray(key)) return JSON.stringify(key.map(keyText));
    return key instanceof ArrayBuffer || ArrayBuffer.isView(key) ? base64(key) : String(key);
  }

  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("Another tab holds the browser's database open"));
    });

  async function collect(report) {
    const records = [];
    const add = (store, key, value) => {
      if (records.length >= RECORDS_MAX) throw new Error(`There are more than ${RECORDS_MAX} records`);
      records.push({ store, key, value });
    };
    for (const key of Object.keys(localStorage).sort()) {
      if (!OWN_KEYS.test(key)) add(STORAGE, wellFormed(key), wellFormed(localStorage.getItem(key) ?? ""));
    }
    const databases = (await indexedDB.databases?.()) ?? [];
    for (const [place, { name }] of databases.entries()) {
      report("collecting", place / databases.length, `Reading ${name}`);
      if (name && !OWN_KEYS.test(name)) await collectDatabase(name, add);
    }
    return records;
  }

  async function collectDatabase(name, add) {
    const database = await done(indexedDB.open(name));
    try {
      for (const store of database.objectStoreNames) {
        let range = null;
        for (;;) {
          const from = database.transaction(store).objectStore(store);
          const [keys, values] = await Promise.all([
            done(from.getAllKeys(range, BATCH)),
            done(from.getAll(range, BATCH)),
          ]);
          for (const [place, key] of keys.entries()) {
            add(`indexedDB:${wellFormed(name)}/${wellFormed(store)}`, keyText(key), await jsonOf(values[place]));
          }
          if (keys.length < BATCH) break;
          range = IDBKeyRange.lowerBound(keys.at(-1), true);
        }
      }
    } finally {
      database.close();
    }
  }

  // How many secrets a record seems to hold; the server looks more closely, and seals them.
  function secretCount({ key, value }) {
    const text = (typeof value === "string" ? value : JSON.stringify(value)).replaceAll("\\", "");
    const named = text.match(SECRET_NAME)?.length ?? 0;
    const formed = new Set(text.match(SECRET_FORM) ?? []).size;
    return Math.max(named, formed, /^secure[_-]|token$|secret$|password$|api_?-?key$/i.test(key) && text ? 1 : 0);
  }

  // -- The export that is under way, kept over reloads -----------------------------------------------------

  const openKept = () => {
    const request = indexedDB.open(OWN, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("state");
      request.result.createObjectStore("records");
    };
    return done(request);
  };

  async function withKept(mode, work) {
    const database = await openKept();
    try {
      const transaction = database.transaction(["state", "records"], mode);
      const ended = new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
      const result = await work(transaction.objectStore("state"), transaction.objectStore("records"));
      await ended;
      return result;
    } finally {
      database.close();
    }
  }

  const keep = (state, records) =>
    withKept("readwrite", (states, stored) => {
      stored.clear();
      records.forEach((record, index) => stored.put(record, index));
      return done(states.put(state, "current"));
    });
  const keepState = (state) => withKept("readwrite", (states) => done(states.put(state, "current")));
  const keptState = () => withKept("readonly", (states) => done(states.get("current")));
  const keptRecords = () => withKept("readonly", (_, records) => done(records.getAll()));

  async function forget() {
    sessionStorage.removeItem(OWN);
    await done(indexedDB.deleteDatabase(OWN));
  }

  // -- Calls -----------------------------------------------------------------------------------------------

  class CallError extends Error {
    constructor(status, problem) {
      const fields = (problem.violations ?? []).map((each) => `${each.field}: ${each.description}`);
      super([problem.detail ?? problem.title ?? `The server answered with ${status}`, ...fields].join("\n"));
      this.status = status;
      this.code = problem.code ?? "";
    }
  }

  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  class Server {
    constructor(url, apiKey, tell = () => {}) {
      this.url = url.replace(/\/+$/, "");
      this.apiKey = apiKey;
      this.tell = tell;
      this.isReached = false;
      this.isForbidden = false;
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
        this.isForbidden ||= effectiveDirective === "connect-src" && this.url.startsWith(blockedURI);
      });
    }

    // Everything that is called here may be repeated: it is named by the migration's id, and by places.
    async call(method, path, body) {
      for (let attempt = 1; ; attempt += 1) {
        let wait = Math.min(BACKOFF_MS_MAX, 250 * 2 ** attempt) * (0.5 + Math.random() / 2);
        try {
          const answer = await fetch(this.url + path, {
            method,
            headers: this.headers(body),
            body,
            credentials: this.apiKey ? "omit" : "same-origin",
            signal: AbortSignal.timeout(CALL_MS_MAX),
          });
          this.isReached = true;
          if (answer.ok) return await answer.json();
          const error = new CallError(answer.status, await answer.json().catch(() => ({})));
          if (![429, 502, 503, 504].includes(answer.status) || attempt >= ATTEMPTS_MAX) throw error;
          wait = Math.max(wait, 1000 * Number(answer.headers.get("retry-after") ?? 0));
        } catch (error) {
          if (error instanceof CallError) throw error;
          const isOnline = navigator.onLine !== false;
          if (isOnline && attempt > 1 && (await this.isRefused())) throw new Error(this.refusal());
          if (isOnline && attempt >= ATTEMPTS_MAX) throw new Error(`${this.url} cannot be reached from this page.`);
          if (!isOnline) attempt = 0;
        }
        this.tell(navigator.onLine === false ? "Offline: it goes on when the network is back" : "No answer: trying again");
        await pause(wait);
      }
    }

    // A server that answers, but not to pages of this origin: the browser says no more than that it failed.
    async isRefused() {
      if (this.isForbidden) return true;
      if (this.isReached || new URL(this.url).origin === location.origin) return false;
      const options = { mode: "no-cors", credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(CALL_MS_MAX) };
      return fetch(`${this.url}/healthz`, options).then(() => true, () => false);
    }

    refusal() {
      return this.isForbidden
        ? `This page's content security policy keeps it from ${this.url}: its connect-src has to name that.`
        : `${this.url} does not answer pages of ${location.origin}: TIMELOOM_CORS_ORIGINS has to name it there.`;
    }

    headers(body) {
      const headers = { accept: "application/json" };
      if (body !== undefined) headers["content-type"] = "application/json";
      if (this.apiKey) headers.authorization = `Bearer ${this.apiKey}`;
      else {
        const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?timeloom_csrf=([^;]*)/);
        if (cookie) headers["x-csrf-token"] = cookie[1];
      }
      return headers;
    }

    get = (path) => this.call("GET", path);
    post = (path, value) => this.call("POST", path, JSON.stringify(value ?? {}));
  }

  // -- The migration ---------------------------------------------------------------------------------------

  async function prepare(records, options, report) {
    const state = { id: uuid(), hashes: [], url: options.url, started: false };
    for (const [place, record] of records.entries()) {
      record.sha256 = await sha256(canonical({ store: record.store, key: record.key, value: record.value }));
      state.hashes.push(record.sha256);
      if (place % 100 === 0) report("hashing", place / records.length, `Hashing ${place} of ${records.length}`);
    }
    state.sha256 = await sha256(state.hashes.join(""));
    state.source = {
      origin: location.origin,
      app: options.app ?? document.title.slice(0, 200),
      appVersion: options.appVersion ?? "",
      userAgent: navigator.userAgent.slice(0, 1000),
      userId: options.userId ?? "",
    };
    state.conflictResolution = options.conflictResolution;
    state.secretPolicy = options.secretPolicy;
    await keep(state, records);
    return state;
  }

  function uuid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // A reload may come between the server's answer and the note of it: what is there already goes on.
  async function create(server, state) {
    if (state.created) {
      try {
        return await server.get(`/api/migration/${state.id}`);
      } catch (error) {
        // It was deleted meanwhile, or it is another server.
        if (error.status !== 404) throw error;
      }
    }
    const { id, source, sha256: whole, hashes, conflictResolution, secretPolicy } = state;
    const head = { migrationId: id, formatVersion: FORMAT_VERSION, source, recordCount: hashes.length, sha256: whole };
    if (conflictResolution) head.conflictResolution = conflictResolution;
    if (secretPolicy) head.secretPolicy = secretPolicy;
    const migration = await server.post("/api/migration", head).catch((error) => {
      if (error.status !== 409) throw error;
      return server.get(`/api/migration/${id}`);
    });
    Object.assign(state, { created: true, started: false });
    await keepState(state);
    return migration;
  }

  async function upload(server, state, records, report) {
    let migration = await create(server, state);
    let next = migration.receivedRecordCount ?? 0;
    while (next < records.length) {
      const part = [];
      let bytes = 0;
      for (let index = next; index < records.length; index += 1) {
        const { store, key, value, sha256: hash } = records[index];
        const encoded = JSON.stringify({ store, key, value, sha256: hash });
        bytes += encoder.encode(encoded).length;
        if (part.length && bytes > PART_BYTES) break;
        part.push(encoded);
      }
      report("uploading", next / records.length, `Uploading ${next} of ${records.length}`);
      const body = `{"firstIndex":${next},"records":[${part.join(",")}]}`;
      migration = await server.call("POST", `/api/migration/${state.id}/records`, body);
      if (migration.receivedRecordCount <= next) throw new Error("The server takes no more records");
      next = migration.receivedRecordCount;
    }
    report("uploading", 1, `Uploaded ${records.length} of ${records.length}`);
    return migration;
  }

  async function follow(server, state, report) {
    const path = `/api/migration/${state.id}`;
    if (!state.started) {
      await server.post(`${path}/start`).catch((error) => {
        // It was started before a reload that came too soon to note it.
        if (error.status !== 409) throw error;
      });
      await keepState({ ...state, started: true });
    }
    for (;;) {
      const migration = await server.get(path);
      report("migrating", migration.progress ?? 0, words(migration.status));
      if (ENDED.includes(migration.status)) return migration;
      await pause(POLL_MS);
    }
  }

  const words = (name) => name.charAt(0) + name.slice(1).toLowerCase().replaceAll("_", " ");

  // Makes, uploads, starts and verifies a migration, or goes on with the one that a reload interrupted.
  async function migrate(options = {}) {
    let whole = 0;
    const report = (phase, part, text) => {
      const [from, to] = PHASES[phase] ?? [1, 1];
      whole = Math.max(whole, from + (to - from) * Math.min(1, part));
      tell(phase, text);
    };
    const tell = (phase, text) => {
      const detail = { phase, progress: whole, text };
      options.onProgress?.(detail);
      globalThis.dispatchEvent(new CustomEvent(OWN, { detail }));
    };
    let state = await keptState();
    let records = state ? await keptRecords() : [];
    if (!state) {
      records = (await collect(report)).filter((record) => !isTooLarge(record));
      const bytes = records.reduce((sum, record) => sum + byteCount(record), 0);
      if (bytes > EXPORT_BYTES_MAX) throw new Error(`A migration takes ${size(EXPORT_BYTES_MAX)}, and these are ${size(bytes)}.`);
      state = await prepare(records, options, report);
    }
    const server = new Server(options.url ?? state.url, options.apiKey, (text) => tell("waiting", text));
    await upload(server, state, records, report);
    const migration = await follow(server, state, report);
    let verification = null;
    if (migration.status === "SUCCEEDED") {
      report("migrating", 1, "Verifying");
      verification = await server.post(`/api/migration/${state.id}/verify`);
    }
    const { items = [] } = await server.get(`/api/migration/${state.id}/plan?actions=REFUSE&pageSize=${SHOWN_MAX}`);
    if (migration.status !== "PAUSED") await forget();
    report("done", 1, outcome(migration, verification));
    return { migration, verification, refused: items };
  }

  // What a record takes on its way, counted without a copy.
  function byteCount({ store, key, value }) {
    const text = JSON.stringify({ store, key, value });
    let bytes = text.length + HASH_BYTES;
    for (const [wide] of text.matchAll(/[^\0-\x7f]+/g)) bytes += encoder.encode(wide).length - wide.length;
    return bytes;
  }

  const isTooLarge = (record) => byteCount(record) > RECORD_BYTES_MAX;
  const size = (bytes) => (bytes < 1e5 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`);

  function outcome(migration, verification) {
    if (migration.status === "WAITING") return "Some conflicts wait for a person to decide";
    if (migration.status !== "SUCCEEDED") return `${words(migration.status)}: ${migration.error ?? ""}`;
    const checked = verification.checkedCount ?? 0;
    if (verification.ok) return `Done and verified: ${checked ? `${checked} checked` : "nothing had to change"}`;
    return `Done, but ${verification.problemCount} are not as they should be`;
  }

  // -- What people see -------------------------------------------------------------------------------------

  const STYLE = `
    :host { all: initial; color-scheme: light dark; --ground: #fff; --text: #22201d; --muted: #625c54; --line: #8a8178;
      --accent: #7a3e12; --on-accent: #fff; --alert: #a3122a; position: fixed; inset: auto 1rem 1rem auto;
      z-index: 2147483647; width: min(27rem, calc(100vw - 2rem)); font: 14px/1.5 system-ui, sans-serif; color: var(--text); }
    @media (prefers-color-scheme: dark) { :host { --ground: #201e1b; --text: #ece7e0; --muted: #b3aba1; --line: #7d756c;
      --accent: #f0a66e; --on-accent: #201e1b; --alert: #ff9a93; } }
    * { box-sizing: border-box; } [hidden] { display: none !important; }
    section { display: grid; gap: .75rem; max-height: calc(100vh - 2rem); overflow: auto; padding: 1rem 1.25rem 1.25rem;
      background: var(--ground); border: 1px solid var(--line); border-radius: 12px; box-shadow: 0 8px 32px #0005; }
    header { display: flex; align-items: start; gap: .75rem; } h2 { flex: 1; font-size: 17px; line-height: 1.35; margin: 0; }
    p { margin: 0; } small { font-size: 12px; color: var(--muted); font-variant-numeric: tabular-nums; }
    progress { width: 100%; height: .6rem; accent-color: var(--accent); }
    ul { display: grid; gap: .25rem; max-height: min(10.5rem, 24vh); overflow: auto; list-style: none; margin: 0; padding: .5rem .75rem;
      border: 1px solid var(--line); border-radius: 8px; overflow-wrap: anywhere; }
    li { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 1rem; } :is(ul, small):empty { display: none; }
    form { display: grid; gap: .75rem; } label { display: grid; gap: .25rem; font-weight: 600; }
    input, button { font: inherit; min-height: 2.25rem; border: 1px solid var(--line); border-radius: 6px; padding: .25rem .6rem;
      background: var(--ground); color: inherit; } input { font-weight: 400; } ::placeholder { color: var(--muted); }
    .actions { display: flex; flex-wrap: wrap; gap: .5rem; } button { cursor: pointer; padding: .25rem .9rem; }
    [type="submit"] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
    .close { border: 0; padding: 0 .5rem; min-height: 1.75rem; font-size: 18px; line-height: 1; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    [role="alert"] { color: var(--alert); white-space: pre-wrap; } [role="alert"]:empty { margin-top: -.75rem; }`;
  const HEADLINES = {
    collecting: "Reading what this browser keeps",
    hashing: "Preparing the export",
    uploading: "Uploading",
    migrating: "Migrating",
  };

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
  const line = (name, notes) => element("li", {}, element("span", {}, name), element("small", {}, notes));

  class Panel {
    constructor(options) {
      this.options = options;
      this.host = element("timeloom-migration");
      const root = this.host.attachShadow({ mode: "open" });
      // A constructed sheet, which policies against inline styles let pass.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
      close.addEventListener("click", () => this.host.remove());
      // Said aloud by phases; how far it is, those see or ask who want to know.
      this.status = element("p", { role: "status" });
      this.bar = element("progress", { max: "1", value: "0", "aria-label": "Progress of the migration" });
      this.detail = element("small");
      this.bar.hidden = true;
      this.list = element("ul", { tabindex: "0", "aria-label": "Records" });
      this.alert = element("p", { role: "alert" });
      this.form = element("form");
      this.root = element("section", { "aria-label": "Migration to Timeloom" });
      this.root.append(element("header", {}, element("h2", {}, "Bring this app’s data to Timeloom"), close));
      this.root.append(this.status, this.bar, this.detail, this.list, this.alert, this.form);
      root.append(this.root);
      document.body.append(this.host);
    }

    async open() {
      const interrupted = await keptState();
      if (interrupted) {
        this.options.url ??= interrupted.url;
        this.status.textContent = "A migration was interrupted here; it can go on where it stood.";
        if (this.options.apiKey || this.hasSession()) return this.run();
      } else {
        await this.show();
      }
      this.ask(interrupted ? "Go on" : "Migrate");
      return this.options.start ? this.run() : undefined;
    }

    // Keys, counts and sizes, and never a value.
    async show() {
      const lines = new Map();
      const all = { count: 0, secrets: 0 };
      for (const record of await collect(() => {})) {
        const name = record.store === STORAGE ? record.key : record.store.slice("indexedDB:".length);
        const found = lines.get(name) ?? { count: 0, secrets: 0, large: 0, bytes: 0 };
        const [secrets, bytes] = [secretCount(record), byteCount(record)];
        found.count += 1;
        found.secrets += secrets;
        found.bytes += bytes;
        found.large += bytes > RECORD_BYTES_MAX ? 1 : 0;
        lines.set(name, found);
        all.count += 1;
        all.secrets += secrets;
      }
      const secrets = counted(all.secrets, "value looks like a secret", "values look like secrets");
      this.status.textContent =
        (all.count === 1 ? "1 record was found" : `${all.count} records were found`) +
        (all.secrets ? `; ${secrets}, to be sealed on arrival.` : ".");
      this.detail.textContent = "Nothing leaves this browser before you say so.";
      for (const [name, { count, secrets: inIt, large, bytes }] of [...lines].slice(0, SHOWN_MAX)) {
        const notes = [
          count > 1 && counted(count, "record"),
          inIt && counted(inIt, "secret"),
          large ? "too large to travel: left out" : size(bytes),
        ];
        this.list.append(line(name, notes.filter(Boolean).join(" · ")));
      }
      if (lines.size > SHOWN_MAX) this.list.append(line("…", `${lines.size - SHOWN_MAX} more`));
    }

    hasSession() {
      return new URL(this.options.url).origin === location.origin && /timeloom_csrf=/.test(document.cookie);
    }

    ask(label) {
      this.url = element("input", { type: "url", required: "", value: this.options.url });
      this.key = element("input", { type: "password", autocomplete: "off", placeholder: "tl_…" });
      this.key.required = !this.options.apiKey && !this.hasSession();
      const again = element("button", { type: "button" }, "Start over");
      again.addEventListener("click", async () => {
        await forget();
        this.host.remove();
        await open({ ...this.options, start: false });
      });
      again.hidden = true;
      void keptState().then((state) => (again.hidden = !state));
      this.form.replaceChildren(element("label", {}, "Address of Timeloom", this.url));
      if (!this.options.apiKey) this.form.append(element("label", {}, "API key", this.key));
      this.form.append(element("div", { class: "actions" }, element("button", { type: "submit" }, label), again));
      this.form.onsubmit = (event) => {
        event.preventDefault();
        this.options.url = this.url.value;
        if (this.key.value) {
          this.options.apiKey = this.key.value;
          // For this tab alone, so that a reload can go on; it is forgotten at the end.
          sessionStorage.setItem(OWN, this.key.value);
        }
        void this.run();
      };
    }

    async run() {
      this.form.hidden = this.list.hidden = true;
      this.bar.hidden = false;
      this.alert.textContent = "";
      try {
        const { refused } = await migrate({ ...this.options, onProgress: (detail) => this.progress(detail) });
        this.detail.textContent = refused.length ? `${counted(refused.length, "record")} could not be migrated:` : "";
        this.list.replaceChildren(...refused.map((item) => line(`${item.key} ${item.sourceId ?? ""}`, item.reason)));
      } catch (error) {
        this.status.textContent =
          this.bar.value > PHASES.uploading[0]
            ? "The migration has stopped; what has arrived stays, and it can go on."
            : "The migration could not begin.";
        this.detail.textContent = "";
        this.alert.textContent = error.message;
        if (error.status === 401 || error.status === 403) {
          this.options.apiKey = undefined;
          sessionStorage.removeItem(OWN);
        }
        this.ask("Try again");
        this.form.hidden = false;
        this.form.querySelector(this.options.apiKey ? "button" : "[type=password]").focus();
      }
      this.list.hidden = false;
    }

    progress({ phase, progress, text }) {
      this.bar.value = progress;
      const headline = HEADLINES[phase] ?? (phase === "done" ? text : this.status.textContent);
      if (this.status.textContent !== headline) this.status.textContent = headline;
      this.detail.textContent = `${Math.floor(100 * progress)} % · ${text}`;
    }
  }

  async function open(options = {}) {
    const panel = new Panel({
      url: location.origin,
      apiKey: sessionStorage.getItem(OWN) ?? undefined,
      ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    });
    await panel.open();
    return panel.host;
  }

  globalThis.TimeloomMigration = { open, migrate, collect: () => collect(() => {}), canonical, sha256, sha256Bytes };

  if (typeof document === "undefined") return;
  const script = document.currentScript;
  const options = { ...script?.dataset };
  options.url ??= script?.src ? new URL(script.src).origin : undefined;
  options.apiKey = options.key;
  options.start = "start" in options;
  // A page that calls TimeloomMigration itself says so.
  if ("manual" in options) return;
  const begin = () => void open(options);
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
