/**
 * Lists of many pages. To read all of such a list anew whenever something in it changed would cost a request a page;
 * so its first page is read, and what events themselves say of a thing is put in wherever it stands.
 */
import type { InfiniteData, Query, QueryClient } from "@tanstack/react-query";
import type { LiveKind } from "../live/protocol.js";
import type { LiveEvent } from "../types.js";
import { changeCached } from "./cached.js";
import { isBelowAny } from "./paths.js";

/** Lists of at most so many pages are read anew as a whole. */
export const WHOLE_PAGES_MAX = 3;

interface Item {
  readonly id: string;
}
type Page = Readonly<Record<string, unknown>>;
type Pages = InfiniteData<Page>;
type ReadPage = (context: { readonly pageParam: string; readonly signal: AbortSignal }) => Promise<Page>;

/** A query, as far as what it holds. */
export interface Held {
  readonly state: { readonly data: unknown };
}

/** Whether a query is a list that is too long to be read anew as a whole. */
export function isLong({ state }: Held): boolean {
  const data = state.data as Partial<Pages> | undefined;
  return (data?.pages?.length ?? 0) > WHOLE_PAGES_MAX;
}

/** Has everything read anew that is on screen and whose path is one of these or below one. */
export function invalidatePaths(queries: QueryClient, paths: readonly string[]): Promise<void> {
  return readAnew(queries, isBelowAny(paths));
}

/** Has queries read anew: those on screen now, others when they are shown. Of long lists it is the first page. */
export async function readAnew(queries: QueryClient, isMeant: (query: Query) => boolean): Promise<void> {
  const long = queries.getQueryCache().findAll({ predicate: (query) => isLong(query) && isMeant(query) });
  await Promise.all([
    ...long.map((query) => readFirstPage(queries, query)),
    queries.invalidateQueries({ predicate: (query) => !isLong(query) && isMeant(query) }),
  ]);
}

/** Reads the first page of a long list anew; one that nobody shows is forgotten, and begins with its first page again. */
async function readFirstPage(queries: QueryClient, query: Query): Promise<void> {
  const { queryKey } = query;
  if (!query.isActive()) return queries.removeQueries({ queryKey, exact: true });
  const read = query.options.queryFn as unknown as ReadPage;
  try {
    const fresh = await read({ pageParam: "", signal: new AbortController().signal });
    queries.setQueryData<Pages>(queryKey, (data) => data && withFirstPage(data, fresh));
  } catch {
    query.invalidate(); // it is read anew when somebody looks at it again
  }
}

/**
 * Puts a first page that was read anew before the other pages of a list. What the old one had beyond it stays, so that
 * the pages still join; if they have nothing in common any more, the list begins with that page alone.
 */
export function withFirstPage(data: Pages, fresh: Page): Pages {
  const [old = {}, ...others] = data.pages;
  const member = Object.keys(fresh).find((name) => Array.isArray(fresh[name])) ?? "";
  const [newItems, oldItems] = [itemsOf(fresh, member), itemsOf(old, member)];
  const known = new Set(newItems.map(({ id }) => id));
  const last = oldItems.findLastIndex(({ id }) => known.has(id));
  if (last < 0) return { pages: [fresh], pageParams: data.pageParams.slice(0, 1) };
  const items = [...newItems, ...oldItems.slice(last + 1)];
  const first = { ...fresh, [member]: items, nextPageToken: old.nextPageToken };
  const shown = new Set(items.map(({ id }) => id));
  const isElsewhere = ({ id }: Item) => !shown.has(id); // what moved to the front is no longer where it was
  const rest = others.map((page) => ({ ...page, [member]: itemsOf(page, member).filter(isElsewhere) }));
  return { ...data, pages: [first, ...rest] };
}

function itemsOf(page: Page, member: string): readonly Item[] {
  return (page[member] ?? []) as Item[];
}

/** Puts what an event itself says of a thing into the long lists that have it. */
export function applyToLists(queries: QueryClient, kind: LiveKind, event: LiveEvent): void {
  const { executionUpdated, executionDeleted, snapshotsRecorded } = event;
  const { workflowExecutionChanged, workflowExecutionDeleted } = event;
  const executions = change.bind(undefined, queries, "/api/agent-executions");
  const workflowExecutions = change.bind(undefined, queries, "/api/workflows/executions");
  if (kind === "executionUpdated") executions(executionUpdated?.execution?.id, executionUpdated?.execution);
  if (kind === "executionDeleted") executions(executionDeleted?.executionId, undefined);
  if (kind === "snapshotsRecorded") {
    const sequence = snapshotsRecorded?.lastSequence;
    executions(snapshotsRecorded?.executionId, { headSequence: sequence, snapshotCount: sequence });
  }
  if (kind === "workflowExecutionChanged") {
    workflowExecutions(workflowExecutionChanged?.executionId, { status: workflowExecutionChanged?.status });
  }
  if (kind === "workflowExecutionDeleted")
    workflowExecutions(workflowExecutionDeleted?.executionId, undefined);
}

/** Changes these members of a thing, or drops it if there are none. */
function change(
  queries: QueryClient,
  path: string,
  id: string | undefined,
  members: object | undefined,
): void {
  if (id === undefined) return;
  changeCached(
    queries,
    path,
    id,
    (item) => (members === undefined ? undefined : { ...item, ...members }),
    isLong,
  );
}
