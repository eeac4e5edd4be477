import type { Answer, Fields, Filter } from "../rest.js";
import type { Cluster, Grant, Job, Memory, MemoryVersion, Namespace, Proposal } from "../types.js";
import {
  type Action,
  type Listing,
  type Reading,
  type ReadOptions,
  useAction,
  useAsk,
  usePages,
  useRead,
} from "./queries.js";

const MEMORIES = "/api/agent-memory";
const MEMORY = "/api/agent-memory/{memoryId}";
const NAMESPACES = "/api/agent-memory/namespaces";
const EFFECTS = { stale: [MEMORIES] };

/** Which memories a list has, and in what order. */
export type MemoryListFilter = Filter<typeof MEMORIES>;
/** What a search asks for. */
export type MemorySearch = Fields<"/api/agent-memory/search">;
/** What a context is made of: a search, and the budget in tokens. */
export type MemoryContext = Fields<"/api/agent-memory/context">;

export type MemoryEdit = { readonly memoryId: string } & Fields<typeof MEMORY, "patch">;
export type MemorySuccession = {
  readonly memoryId: string;
} & Fields<"/api/agent-memory/{memoryId}:supersede">;
export interface MemoryRemoval {
  readonly memoryId: string;
  readonly reason?: string;
  /** Forgets it for good, versions and all. */
  readonly purge?: boolean;
}

/** The memories of namespaces, and what can be done to them. */
export interface AgentMemory {
  readonly list: Listing<Memory>;
  readonly create: Action<Fields<typeof MEMORIES>, Memory>;
  readonly update: Action<MemoryEdit, Memory>;
  /** Puts another memory in its place; both stay. */
  readonly supersede: Action<MemorySuccession, Memory>;
  /** Deletes it; it can be restored until it is purged. */
  readonly remove: Action<MemoryRemoval, Memory>;
  readonly restore: Action<{ readonly memoryId: string }, Memory>;
  /** Puts away what a filter leaves; with `dryRun` it only tells what. */
  readonly archive: Action<Fields<"/api/agent-memory/archive">, Answer<"/api/agent-memory/archive", "post">>;
  readonly unarchive: Action<
    Fields<"/api/agent-memory/unarchive">,
    Answer<"/api/agent-memory/unarchive", "post">
  >;
}

/** The memories of namespaces, newest first unless the filter says otherwise. Read anew when one of them changes. */
export function useAgentMemory(query: MemoryListFilter = {}, options?: ReadOptions): AgentMemory {
  return { list: usePages(MEMORIES, "memories", { query }, options), ...useMemoryControls() };
}

/** What can be done to memories, for screens that list them in another way. */
export function useMemoryControls(): Omit<AgentMemory, "list"> {
  return {
    create: useAction("post", MEMORIES, (body) => ({ body }), EFFECTS),
    update: useAction(
      "patch",
      MEMORY,
      ({ memoryId, ...body }: MemoryEdit) => ({ params: { path: { memoryId } }, body }),
      EFFECTS,
    ),
    supersede: useAction(
      "post",
      "/api/agent-memory/{memoryId}:supersede",
      ({ memoryId, ...body }: MemorySuccession) => ({ params: { path: { memoryId } }, body }),
      EFFECTS,
    ),
    remove: useAction(
      "delete",
      MEMORY,
      ({ memoryId, ...query }: MemoryRemoval) => ({ params: { path: { memoryId }, query } }),
      EFFECTS,
    ),
    restore: useAction(
      "post",
      "/api/agent-memory/{memoryId}:restore",
      ({ memoryId }: { readonly memoryId: string }) => ({ params: { path: { memoryId } }, body: {} }),
      EFFECTS,
    ),
    archive: useAction("post", "/api/agent-memory/archive", (body) => ({ body }), EFFECTS),
    unarchive: useAction("post", "/api/agent-memory/unarchive", (body) => ({ body }), EFFECTS),
  };
}

/** One memory; with its vector if asked for. Read anew when it changes. */
export function useMemory(
  memoryId: string,
  { includeVector = false, ...options }: ReadOptions & { readonly includeVector?: boolean } = {},
): Reading<Memory> {
  const query = includeVector ? { query: { includeVector } } : {};
  return useRead(MEMORY, { path: { memoryId }, ...query }, { enabled: memoryId !== "", ...options });
}

/** Finds memories by meaning, words and time, best first. Asks nothing without words or a vector. */
export function useMemorySearch(
  search: MemorySearch,
  options?: ReadOptions,
): Reading<Answer<"/api/agent-memory/search", "post">> {
  const enabled = Boolean(search.query || search.vector?.length);
  return useAsk("/api/agent-memory/search", search, { enabled, ...options });
}

/** The best memories for a query as a text to paste into a prompt, within a budget of tokens. */
export function useMemoryContext(
  context: MemoryContext,
  options?: ReadOptions,
): Reading<Answer<"/api/agent-memory/context", "post">> {
  return useAsk("/api/agent-memory/context", context, { enabled: Boolean(context.search.query), ...options });
}

/** The versions of a memory, newest first. Read anew when it changes. */
export function useMemoryHistory(memoryId: string, options?: ReadOptions): Listing<MemoryVersion> {
  return usePages(
    "/api/agent-memory/{memoryId}/versions",
    "versions",
    { path: { memoryId } },
    { enabled: memoryId !== "", ...options },
  );
}

/** The namespaces that may be read, by name. Read anew when memories in them change. */
export function useNamespaces(
  query: Filter<typeof NAMESPACES> = {},
  options?: ReadOptions,
): Listing<Namespace> {
  return usePages(NAMESPACES, "namespaces", { query }, options);
}

/** Who was given access to what. */
export function useGrants(
  query: Filter<"/api/agent-memory/grants"> = {},
  options?: ReadOptions,
): Listing<Grant> {
  return usePages("/api/agent-memory/grants", "grants", { query }, options);
}

/** Shares a namespace or memories, and takes that back. */
export function useSharing() {
  return {
    share: useAction(
      "post",
      "/api/agent-memory/share",
      (body: Fields<"/api/agent-memory/share">) => ({ body }),
      EFFECTS,
    ),
    revoke: useAction(
      "delete",
      "/api/agent-memory/grants/{grantId}",
      ({ grantId }: { readonly grantId: string }) => ({ params: { path: { grantId } } }),
      EFFECTS,
    ),
  };
}

/** The clusters of a namespace. Read anew when they were made anew. */
export function useMemoryClusters(namespace: string, options?: ReadOptions): Listing<Cluster> {
  const place = { query: { namespace } };
  return usePages("/api/agent-memory/clusters", "clusters", place, { enabled: namespace !== "", ...options });
}

/** What the memory service does in the background, newest first. Read anew whenever a job gets on. */
export function useMemoryJobs(
  query: Filter<"/api/agent-memory/jobs"> = {},
  options?: ReadOptions,
): Listing<Job> {
  return usePages("/api/agent-memory/jobs", "jobs", { query }, options);
}

/** One job. Read anew whenever it gets on. */
export function useMemoryJob(jobId: string, options?: ReadOptions): Reading<Job> {
  return useRead(
    "/api/agent-memory/jobs/{jobId}",
    { path: { jobId } },
    { enabled: jobId !== "", ...options },
  );
}

/** Near-duplicates that may become one memory. */
export function useProposals(
  query: Filter<"/api/agent-memory/proposals"> = {},
  options?: ReadOptions,
): Listing<Proposal> {
  return usePages("/api/agent-memory/proposals", "proposals", { query }, options);
}

/** Looks after namespaces: clusters, optimises (`dryRun` only reports), merges, and decides proposals. */
export function useMemoryUpkeep() {
  return {
    optimize: useAction(
      "post",
      "/api/agent-memory/optimize",
      (body: Fields<"/api/agent-memory/optimize">) => ({ body }),
      EFFECTS,
    ),
    cluster: useAction(
      "post",
      "/api/agent-memory/clusters",
      (body: Fields<"/api/agent-memory/clusters">) => ({ body }),
      EFFECTS,
    ),
    merge: useAction(
      "post",
      "/api/agent-memory/merge",
      (body: Fields<"/api/agent-memory/merge">) => ({ body }),
      EFFECTS,
    ),
    applyProposal: useAction(
      "post",
      "/api/agent-memory/proposals/{proposalId}:apply",
      ({ proposalId }: { readonly proposalId: string }) => ({ params: { path: { proposalId } }, body: {} }),
      EFFECTS,
    ),
    rejectProposal: useAction(
      "post",
      "/api/agent-memory/proposals/{proposalId}:reject",
      ({ proposalId }: { readonly proposalId: string }) => ({ params: { path: { proposalId } }, body: {} }),
      EFFECTS,
    ),
    cancelJob: useAction(
      "post",
      "/api/agent-memory/jobs/{jobId}:cancel",
      ({ jobId }: { readonly jobId: string }) => ({ params: { path: { jobId } }, body: {} }),
      EFFECTS,
    ),
  };
}

/** How many memories there are, of what kinds, and what they take. */
export function useMemoryStats(
  namespaces: readonly string[] = [],
  options?: ReadOptions,
): Reading<Answer<"/api/agent-memory/stats">> {
  return useRead("/api/agent-memory/stats", { query: { namespaces: [...namespaces] } }, options);
}
