import type { Execution, ExecutionStatus } from "@timeloom/client";
import type { ExecutionFilter } from "@timeloom/client/react";
import type { BinRange } from "../../ui/histogram";
import type { Sort } from "../../ui/VirtualTable";

export const STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] as const satisfies ExecutionStatus[];
const ORDERS = ["create_time", "update_time", "update_time desc", "name", "name desc"] as const;
type Order = (typeof ORDERS)[number];

/** Which executions the list shows, as its address has it. What is left out does not narrow it. */
export interface ExecutionsSearch {
  /** Words of the name. */
  readonly q?: string;
  readonly status?: readonly ExecutionStatus[];
  readonly agent?: readonly string[];
  readonly tag?: readonly string[];
  readonly session?: string;
  /** They took at least, and less than, so many milliseconds. */
  readonly min?: number;
  readonly max?: number;
  /** Newest first if it is left out. */
  readonly sort?: Order;
}

/** Reads the search of an address; what makes no sense is left out. */
export function parseSearch(search: Record<string, unknown>): ExecutionsSearch {
  const { q, session, sort } = search;
  const status = texts(search.status).filter((each): each is (typeof STATUSES)[number] =>
    (STATUSES as readonly string[]).includes(each),
  );
  const [agent, tag] = [texts(search.agent), texts(search.tag)];
  const [min, max] = [positive(search.min), positive(search.max)];
  const order = ORDERS.find((each) => each === sort);
  return {
    ...(typeof q === "string" && q !== "" && { q }),
    ...(status.length > 0 && { status }),
    ...(agent.length > 0 && { agent }),
    ...(tag.length > 0 && { tag }),
    ...(typeof session === "string" && session !== "" && { session }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(order !== undefined && { sort: order }),
  };
}

function texts(value: unknown): string[] {
  const all = Array.isArray(value) ? value : [value];
  return all.filter((each) => typeof each === "string" && each !== "");
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}

/** The query of the list, and of its counts. */
export function filterOf(search: ExecutionsSearch): ExecutionFilter {
  return {
    nameContains: search.q,
    statuses: search.status?.slice(),
    agentIds: search.agent?.slice(),
    tags: search.tag?.slice(),
    sessionId: search.session,
    durationMsMin: search.min,
    durationMsMax: search.max,
  };
}

/** Whether an execution is one of those that are searched for. */
export function isWanted(execution: Execution, search: ExecutionsSearch): boolean {
  const took = durationOf(execution);
  return (
    execution.name.toLowerCase().includes((search.q ?? "").toLowerCase()) &&
    (search.status?.includes(execution.status) ?? true) &&
    (search.agent?.includes(execution.agentId) ?? true) &&
    (search.tag?.every((tag) => execution.tags.includes(tag)) ?? true) &&
    (search.session === undefined || execution.sessionId === search.session) &&
    (search.min === undefined || (took !== undefined && took >= search.min)) &&
    (search.max === undefined || (took !== undefined && took < search.max))
  );
}

/** How many milliseconds an execution took; undefined while it runs. */
export function durationOf(execution: Execution): number | undefined {
  const { createTime, endTime } = execution;
  if (createTime === undefined || endTime === undefined) return undefined;
  return Math.max(0, Date.parse(endTime) - Date.parse(createTime));
}

/** The range of durations that is chosen. */
export function durationRange({ min, max }: ExecutionsSearch): BinRange | undefined {
  return min === undefined && max === undefined ? undefined : { from: min, to: max };
}

const COLUMNS: Readonly<Record<string, string>> = { when: "create_time", name: "name" };

/** How the table's header shows the order. */
export function sortOf({ sort }: ExecutionsSearch): Sort {
  const [column, direction] = (sort ?? "create_time desc").split(" ");
  const key = Object.keys(COLUMNS).find((each) => COLUMNS[each] === column) ?? "";
  return { key, isDescending: direction === "desc" };
}

/** The order of the address for what the header shows. */
export function orderOf({ key, isDescending }: Sort): Order | undefined {
  const wanted = `${COLUMNS[key]}${isDescending ? " desc" : ""}`;
  return ORDERS.find((each) => each === wanted);
}

/** How many things narrow the list. */
export function narrowings(search: ExecutionsSearch): number {
  const { sort: _, ...filters } = search;
  return Object.values(filters).filter((each) => each !== undefined).length;
}
