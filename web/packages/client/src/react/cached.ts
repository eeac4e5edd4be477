/** What the cache of queries holds of one thing, in lists and alone, and how it is changed there. */
import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";
import { isBelow } from "./paths.js";

/** A thing with an id. */
interface Item {
  readonly id: string;
}

/** Makes of a thing what is to be held of it; undefined if it is gone. */
export type Change = (item: Item) => Item | undefined;

/**
 * Changes a thing wherever it is held below a path, in the pages of lists and alone; only in some queries, if `only` is
 * given.
 *
 * @returns What puts everything back as it was.
 */
export function changeCached(
  queries: QueryClient,
  path: string,
  id: string,
  change: Change,
  only: (query: Query) => boolean = () => true,
): () => void {
  const before: [QueryKey, unknown][] = [];
  const predicate = (query: Query) => isOf(query.queryKey, path) && only(query);
  const found = queries.getQueriesData({ predicate });
  for (const [queryKey, data] of found) {
    const changed = changeIn(data, id, change);
    if (changed === data) continue;
    before.push([queryKey, data]);
    queries.setQueryData(queryKey, changed);
  }
  return () => {
    for (const [queryKey, data] of before) queries.setQueryData(queryKey, data);
  };
}

function isOf([method, path]: QueryKey, prefix: string): boolean {
  return method === "get" && typeof path === "string" && isBelow(path, prefix);
}

function changeIn(data: unknown, id: string, change: Change): unknown {
  if (isItem(data)) return data.id === id ? (change(data) ?? data) : data;
  if (!isRecord(data) || !Array.isArray(data.pages)) return data;
  const pages = data.pages.map((page: unknown) => changePage(page, id, change));
  return pages.every((page, place) => page === (data.pages as unknown[])[place]) ? data : { ...data, pages };
}

function changePage(page: unknown, id: string, change: Change): unknown {
  if (!isRecord(page)) return page;
  for (const [name, items] of Object.entries(page)) {
    if (!Array.isArray(items) || !items.some((item) => isItem(item) && item.id === id)) continue;
    const changed = items.flatMap((item: unknown) =>
      isItem(item) && item.id === id ? (change(item) ?? []) : [item],
    );
    return { ...page, [name]: changed };
  }
  return page;
}

function isItem(data: unknown): data is Item {
  return isRecord(data) && typeof data.id === "string";
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null;
}
