import type { Execution } from "@timeloom/client";

/** The most changes that are kept beside the pages; beyond them the list is read anew. */
export const CHANGES_MAX = 20_000;

/** What has become of a list since its pages were read. */
export interface LiveList {
  /** Which list it is. */
  readonly key: string;
  /** Executions that were shown above the pages, in the order of the list. */
  readonly top: readonly Execution[];
  /** Executions as they are by now; undefined for those that are gone. */
  readonly changed: ReadonlyMap<string, Execution | undefined>;
  /** The beginning of the list as it was read last, of which some are not shown yet. */
  readonly fresh: readonly Execution[];
}

export type LiveAction =
  | { readonly type: "changed"; readonly changes: ReadonlyMap<string, Execution | undefined> }
  /** The beginning of the list was read anew. */
  | { readonly type: "read"; readonly executions: readonly Execution[] }
  /** What is new is to be shown. */
  | { readonly type: "show" };

export function emptyList(key: string): LiveList {
  return { key, top: [], changed: new Map(), fresh: [] };
}

/** What an action makes of a list. One for another list than this begins it anew. */
export function advance(list: LiveList, action: LiveAction & { readonly key: string }): LiveList {
  const own = list.key === action.key ? list : emptyList(action.key);
  switch (action.type) {
    case "changed":
      return { ...own, changed: new Map([...own.changed, ...action.changes]) };
    case "read":
      return {
        ...own,
        fresh: action.executions,
        changed: new Map([...own.changed, ...action.executions.map((each) => [each.id, each] as const)]),
      };
    case "show": {
      const ids = new Set(own.fresh.map((each) => each.id));
      return { ...own, top: [...own.fresh, ...own.top.filter((each) => !ids.has(each.id))], fresh: [] };
    }
  }
}

/** The rows of a list: what was shown above the pages, then the pages, all as they are by now. */
export function rowsOf(list: LiveList, pages: readonly (readonly Execution[])[]): readonly Execution[] {
  const above = new Set(list.top.map((each) => each.id));
  const rows: Execution[] = [];
  const add = (execution: Execution) => {
    const now = list.changed.has(execution.id) ? list.changed.get(execution.id) : execution;
    if (now !== undefined) rows.push(now);
  };
  for (const each of list.top) add(each);
  for (const page of pages) for (const each of page) if (!above.has(each.id)) add(each);
  return rows;
}

/** Which executions were read that are not shown yet. */
export function unseenOf(list: LiveList, rows: readonly Execution[]): readonly Execution[] {
  const unseen = new Map(list.fresh.map((each) => [each.id, each] as const));
  for (const each of rows) {
    if (unseen.size === 0) break; // what is fresh stands at the beginning
    unseen.delete(each.id);
  }
  return [...unseen.values()].filter((each) => list.changed.get(each.id) !== undefined);
}

/** The newer of two readings of one execution: an event may be older than what was read meanwhile. */
export function newerOf(known: Execution | undefined, told: Execution): Execution {
  const isOlder = Date.parse(told.updateTime ?? "") < Date.parse(known?.updateTime ?? "");
  return known !== undefined && isOlder ? known : told;
}
