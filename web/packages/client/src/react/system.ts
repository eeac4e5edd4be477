import { type UseMutationResult, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Timeloom } from "../client.js";
import { type Health, readHealth } from "../health.js";
import { errorOf, type TimeloomError } from "../problem.js";
import type { Answer, Fields } from "../rest.js";
import type { ApiKey, Caller } from "../types.js";
import { useTimeloom } from "./provider.js";
import {
  type Action,
  type Listing,
  type Reading,
  type ReadOptions,
  useAction,
  usePages,
  useRead,
} from "./queries.js";

const API_KEYS = "/api/api-keys";
const RETENTION = "/api/retention-policy";
/** How often `useHealth` asks, unless it is told otherwise. */
export const HEALTH_INTERVAL_MS = 10_000;

/** Whether Timeloom can work, and what of it does not answer. Asks again every ten seconds while the page is seen. */
export function useHealth(options?: ReadOptions): Reading<Health> {
  const timeloom = useTimeloom();
  return useQuery({
    queryKey: ["get", "/readyz"],
    queryFn: ({ signal }) => readHealth(timeloom, signal),
    refetchInterval: HEALTH_INTERVAL_MS,
    retry: false,
    ...options,
  });
}

/** Who calls: the project, the key and its scope. */
export function useCaller(options?: ReadOptions): Reading<Caller> {
  return useRead("/api/caller", {}, options);
}

/** The page's session: whose it is, and how it begins and ends. */
export interface SessionHandle {
  /** The session; its error has the status 401 where there is none. */
  readonly session: Reading<Answer<"/auth/session">>;
  /** Begins one with an API key, which the page does not keep. */
  readonly begin: UseMutationResult<void, TimeloomError, string>;
  /** Ends it. */
  readonly end: UseMutationResult<void, TimeloomError, void>;
}

/** The session that a cookie stands for, in a page that the gateway serves. Everything is read anew when it begins or ends. */
export function useSession(options?: ReadOptions): SessionHandle {
  const timeloom = useTimeloom();
  const queries = useQueryClient();
  const onSuccess = () => queries.resetQueries();
  return {
    session: useRead("/auth/session", {}, { retry: false, ...options }),
    begin: useMutation({ mutationFn: (apiKey: string) => beginSession(timeloom, apiKey), onSuccess }),
    end: useMutation({ mutationFn: () => endSession(timeloom), onSuccess }),
  };
}

async function beginSession(timeloom: Timeloom, apiKey: string): Promise<void> {
  const headers = { Authorization: `Bearer ${apiKey}` };
  const response = await timeloom.fetch("/auth/session", { method: "POST", headers });
  if (!response.ok) throw await errorOf(response);
}

async function endSession(timeloom: Timeloom): Promise<void> {
  const response = await timeloom.fetch("/auth/session", { method: "DELETE" });
  if (!response.ok) throw await errorOf(response);
}

/** The project's API keys, and what can be done to them. A secret is in the answer of `create` and `rotate` alone. */
export interface ApiKeys {
  readonly list: Listing<ApiKey>;
  readonly create: Action<Fields<typeof API_KEYS>, Answer<typeof API_KEYS, "post">>;
  readonly rotate: Action<KeyRotation, Answer<"/api/api-keys/{apiKeyId}:rotate", "post">>;
  readonly revoke: Action<{ readonly apiKeyId: string }, unknown>;
}
export type KeyRotation = { readonly apiKeyId: string } & Fields<"/api/api-keys/{apiKeyId}:rotate">;

/** The project's API keys. They need the scope `ADMIN`. */
export function useApiKeys(options?: ReadOptions): ApiKeys {
  return {
    list: usePages(API_KEYS, "apiKeys", {}, options),
    create: useAction("post", API_KEYS, (body) => ({ body }), { stale: [API_KEYS] }),
    rotate: useAction(
      "post",
      "/api/api-keys/{apiKeyId}:rotate",
      ({ apiKeyId, ...body }: KeyRotation) => ({ params: { path: { apiKeyId } }, body }),
      { stale: [API_KEYS] },
    ),
    revoke: useAction(
      "post",
      "/api/api-keys/{apiKeyId}:revoke",
      ({ apiKeyId }) => ({ params: { path: { apiKeyId } }, body: {} }),
      { stale: [API_KEYS] },
    ),
  };
}

/** By what policy snapshots are pruned. */
export function useRetentionPolicy(options?: ReadOptions): {
  readonly retention: Reading<Answer<typeof RETENTION>>;
  readonly update: Action<Fields<typeof RETENTION, "put">, Answer<typeof RETENTION, "put">>;
} {
  return {
    retention: useRead(RETENTION, {}, options),
    update: useAction("put", RETENTION, (body) => ({ body }), { stale: [RETENTION] }),
  };
}
