import type { MemoryKind } from "@timeloom/client";
import { KINDS } from "./kinds";

/** The parts of the place that have a tab each. */
export const DETAIL_TABS = ["content", "history", "evidence", "similar", "score"] as const;
export type DetailTab = (typeof DETAIL_TABS)[number];

const ORDERS = ["update_time desc", "importance desc", "occur_time desc", "create_time"] as const;

/** What the address of the browser says; what is left out has its default. */
export interface BrowseSearch {
  readonly namespace?: string | undefined;
  readonly q?: string | undefined;
  /** The memory that is open. */
  readonly memory?: string | undefined;
  readonly tab?: DetailTab | undefined;
  readonly kinds?: readonly MemoryKind[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly importance?: number | undefined;
  readonly order?: (typeof ORDERS)[number] | undefined;
  /** As it was known at this time, in RFC 3339. */
  readonly asOf?: string | undefined;
  /** What of the rest is shown, too. */
  readonly with?: readonly ("superseded" | "archived" | "deleted")[] | undefined;
}

export function readBrowse(raw: Record<string, unknown>): BrowseSearch {
  return {
    namespace: text(raw.namespace),
    q: text(raw.q),
    memory: text(raw.memory),
    tab: oneOf(raw.tab, DETAIL_TABS),
    kinds: some(
      raw.kinds,
      KINDS.map((each) => each.kind),
    ),
    tags: texts(raw.tags),
    importance: number(raw.importance, 1, 10),
    order: oneOf(raw.order, ORDERS),
    asOf: time(raw.asOf),
    with: some(raw.with, ["superseded", "archived", "deleted"] as const),
  };
}

export interface MapSearch {
  readonly namespace?: string | undefined;
  readonly colour?: "cluster" | "namespace" | undefined;
  readonly view?: "table" | undefined;
}

export function readMap(raw: Record<string, unknown>): MapSearch {
  return {
    namespace: text(raw.namespace),
    colour: oneOf(raw.colour, ["cluster", "namespace"] as const),
    view: oneOf(raw.view, ["table"] as const),
  };
}

export interface ContextSearch {
  readonly q?: string | undefined;
  readonly namespace?: string | undefined;
  readonly tokens?: number | undefined;
  /** Hundredths. */
  readonly diversity?: number | undefined;
  readonly group?: "namespace" | "kind" | "session" | "none" | undefined;
}

export const TOKENS_MAX = 8_000;

export function readContext(raw: Record<string, unknown>): ContextSearch {
  return {
    q: text(raw.q),
    namespace: text(raw.namespace),
    tokens: number(raw.tokens, 20, TOKENS_MAX),
    diversity: number(raw.diversity, 0, 100),
    group: oneOf(raw.group, ["namespace", "kind", "session", "none"] as const),
  };
}

export interface SharingSearch {
  readonly tab?: "teams" | "subscriptions" | undefined;
  readonly namespace?: string | undefined;
}

export function readSharing(raw: Record<string, unknown>): SharingSearch {
  return { tab: oneOf(raw.tab, ["teams", "subscriptions"] as const), namespace: text(raw.namespace) };
}

export interface UpkeepSearch {
  readonly namespace?: string | undefined;
  readonly tab?: "proposals" | "archive" | "jobs" | undefined;
  /** The job whose report is shown. */
  readonly job?: string | undefined;
}

export function readUpkeep(raw: Record<string, unknown>): UpkeepSearch {
  return {
    namespace: text(raw.namespace),
    tab: oneOf(raw.tab, ["proposals", "archive", "jobs"] as const),
    job: text(raw.job),
  };
}

function text(value: unknown): string | undefined {
  const found = typeof value === "number" ? String(value) : value;
  return typeof found === "string" && found !== "" ? found : undefined;
}

function texts(value: unknown): string[] | undefined {
  const found = (Array.isArray(value) ? value : [value]).flatMap((each) => text(each) ?? []);
  return found.length > 0 ? found : undefined;
}

function number(value: unknown, min: number, max: number): number | undefined {
  const found = Number(value);
  return value !== undefined && Number.isFinite(found) && found >= min && found <= max ? found : undefined;
}

function time(value: unknown): string | undefined {
  const found = text(value);
  return found !== undefined && !Number.isNaN(Date.parse(found)) ? found : undefined;
}

function oneOf<T>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((each) => each === value);
}

function some<T>(value: unknown, allowed: readonly T[]): T[] | undefined {
  const found = allowed.filter((each) => Array.isArray(value) && value.includes(each));
  return found.length > 0 ? found : undefined;
}
