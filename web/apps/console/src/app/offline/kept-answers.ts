import type { Query, QueryFunction, QueryFunctionContext } from "@tanstack/react-query";
import { TimeloomError } from "@timeloom/client";
import type { LocalStore } from "@timeloom/wasm";

/** How much of a project is kept in the browser; what was not used for longest goes first. */
const KEPT_BYTES_MAX = 96 * 1024 ** 2;
const KEPT_ANSWERS_MAX = 3_000;
/** How many characters the question of a kept answer may have. */
const QUESTION_CHARACTERS_MAX = 500;
/** How the keys of queries begin whose answers are kept: what the server said, as it said it. */
const KEPT_QUERIES = new Set([
  "get",
  "post",
  "executions in pages",
  "executions counted",
  "executions to choose from",
  "execution-timeline",
]);
/** The screens of memories keep those themselves, to be searched. */
const KEPT_ELSEWHERE = "/api/agent-memory";
const COLLECTION = "answers";
const PROJECT = "timeloom-kept-project";

interface Kept {
  readonly data: unknown;
}

let store: Promise<LocalStore> | undefined;
let project: string | undefined;
const waiting = new Map<string, unknown>();
const listeners = new Set<() => void>();
let isScheduled = false;

/** Keeps answers for a project from now on. What was kept for another one is wiped. */
export async function keepAnswersOf(projectId: string): Promise<void> {
  if (project === projectId) return;
  const before = localStorage.getItem(PROJECT);
  project = projectId;
  store = undefined;
  localStorage.setItem(PROJECT, projectId);
  if (before !== null && before !== projectId) await wipe(before);
}

/** Wipes what is kept, and keeps nothing until a project is named again. */
export async function forgetAnswers(): Promise<void> {
  const kept = project;
  waiting.clear();
  tell();
  project = undefined;
  store = undefined;
  localStorage.removeItem(PROJECT);
  if (kept !== undefined) await wipe(kept);
}

/**
 * Asks the server, and keeps what it answers; without a network it answers with what was kept.
 *
 * The query client calls it for every query.
 */
export async function askOrRemember<T>(
  ask: QueryFunction<T>,
  context: QueryFunctionContext,
  query: Query,
): Promise<T> {
  const question = query.queryHash;
  try {
    const data = await ask(context);
    if (isKept(query.queryKey, question)) keepAnswer(question, data);
    return data;
  } catch (error) {
    if (!isUnreachable(error) || !isKept(query.queryKey, question)) throw error;
    const found = await recall(question);
    if (found === undefined) throw error;
    return found.data as T;
  }
}

/** Whether something that was loaded is still to be kept. */
export function isKeeping(): boolean {
  return waiting.size > 0;
}

/** Calls a function when that changes, until the returned one is called. */
export function subscribeKeeping(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether an error says that no answer came. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TimeloomError && error.status === 0;
}

function isKept([first, path]: readonly unknown[], question: string): boolean {
  if (String(path).startsWith(KEPT_ELSEWHERE) || question.length > QUESTION_CHARACTERS_MAX) return false;
  return KEPT_QUERIES.has(String(first));
}

/** What was kept of a question; undefined if nothing was. */
export async function keptAnswer(question: string): Promise<unknown> {
  return (await recall(question))?.data;
}

async function recall(question: string): Promise<Kept | undefined> {
  if (waiting.has(question)) return { data: waiting.get(question) };
  try {
    const found = await (await opened())?.get<Kept>(COLLECTION, question);
    return found?.value;
  } catch {
    return undefined; // a browser that keeps nothing remembers nothing
  }
}

/** Keeps an answer when there is time for it, the last one of each question. */
export function keepAnswer(question: string, data: unknown): void {
  if (project === undefined || data === undefined) return;
  waiting.set(question, data);
  tell();
  if (isScheduled) return;
  isScheduled = true;
  whenIdle(() => {
    isScheduled = false;
    void keepWaiting();
  });
}

async function keepWaiting(): Promise<void> {
  const answers = [...waiting];
  const to = await opened().catch(() => undefined);
  for (const [question, data] of answers) {
    // What is too large is there only while there is a network.
    await to?.put(COLLECTION, { key: question, value: { data } satisfies Kept }).catch(() => undefined);
    if (waiting.get(question) === data) waiting.delete(question);
  }
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

async function opened(): Promise<LocalStore | undefined> {
  if (project !== undefined) store ??= open(project);
  return store;
}

async function open(projectId: string): Promise<LocalStore> {
  const { openLocalStore } = await import("@timeloom/wasm");
  return openLocalStore({
    name: `console-${projectId}`,
    bytesMax: KEPT_BYTES_MAX,
    documentsMax: KEPT_ANSWERS_MAX,
  });
}

async function wipe(projectId: string): Promise<void> {
  const { openLocalStore } = await import("@timeloom/wasm");
  // The memory screens keep what they show in a store of their own.
  for (const name of [`console-${projectId}`, `memories-${projectId}`]) {
    const kept = await openLocalStore({ name }).catch(() => undefined);
    await kept?.clear();
    await kept?.close();
  }
}

const IDLE_MS_MAX = 2_000;

function whenIdle(run: () => void): void {
  // Safari has no idle callbacks.
  if (globalThis.requestIdleCallback === undefined) setTimeout(run, IDLE_MS_MAX / 10);
  else requestIdleCallback(run, { timeout: IDLE_MS_MAX });
}
