// A running Timeloom as these tests see it: its REST interface, and where its shapes are.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export const url = required("TIMELOOM_URL");
const apiKey = required("TIMELOOM_API_KEY");

export const WAIT_LIMIT_MS = 15_000;
const POLL_MS = 5;
// A client that waits a second before it tries again makes tests slow, not sound.
const BACKOFF = { initialDelay: 50, maxDelay: 500, multiplier: 1.5 };

/** Options of a shape over the tasks of one session, as every official client takes them. */
export function tasksOf(sessionId, { params = {}, ...options } = {}) {
  return {
    url: `${url}/v1/shape`,
    headers: { Authorization: `Bearer ${apiKey}` },
    params: { table: "tasks", where: "session_id = $1", params: [sessionId], ...params },
    backoffOptions: BACKOFF,
    ...options,
  };
}

/** A session's id that no other test uses. */
export function newSession() {
  return `session-${randomUUID()}`;
}

/** Calls the REST interface; what it refuses is an error. */
export async function call(method, path, body) {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(WAIT_LIMIT_MS),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

export async function createTask(sessionId, fields) {
  return call("POST", "/api/tasks", { sessionId, ...fields });
}

export async function updateTask(id, fields) {
  return call("PATCH", `/api/tasks/${id}`, fields);
}

export async function deleteTask(id) {
  await call("DELETE", `/api/tasks/${id}`);
}

let counter = 0;

/** Sends one mutation as an offline queue does, and returns its transaction's id. */
export async function mutate(operation, recordId, value) {
  counter += 1;
  const clock = `${String(Date.now()).padStart(15, "0")}-${String(counter).padStart(6, "0")}-tab`;
  const mutation = { id: randomUUID(), table: "tasks", operation, recordId, clock, value };
  const { results } = await call("POST", "/api/sync/mutations", { clientId: "tab", mutations: [mutation] });
  if (results[0].outcome !== "APPLIED") throw new Error(JSON.stringify(results[0]));
  return results[0].transactionId;
}

/** Waits until a condition holds, and returns what it returned. */
export async function until(condition, what) {
  const deadline = performance.now() + WAIT_LIMIT_MS;
  while (performance.now() < deadline) {
    const found = await condition();
    if (found) return found;
    await sleep(POLL_MS);
  }
  throw new Error(`not within ${WAIT_LIMIT_MS} ms: ${what}`);
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: pytest starts these tests`);
  return value;
}
