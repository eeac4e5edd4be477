import { createContext, type ReactNode, useContext, useMemo } from "react";
import type { Timeloom } from "../client.js";
import { type Api, createApi } from "./api.js";
import { useLiveInvalidation } from "./live.js";
import { LIVE_TOPICS } from "./live-invalidation.js";

interface Provided {
  readonly timeloom: Timeloom;
  readonly api: Api;
}

const Context = createContext<Provided | undefined>(undefined);

export interface TimeloomProviderProps {
  readonly timeloom: Timeloom;
  /** Has everything below read anew when the live stream tells of changes: of all topics, or of these. */
  readonly live?: boolean | readonly string[];
  readonly children: ReactNode;
}

/** Lends a connection to every hook below it. A `QueryClientProvider` of TanStack Query has to be around it. */
export function TimeloomProvider({ timeloom, live = false, children }: TimeloomProviderProps) {
  const provided = useMemo(() => ({ timeloom, api: createApi(timeloom.rest) }), [timeloom]);
  return (
    <Context.Provider value={provided}>
      {live !== false && <Invalidation topics={live === true ? LIVE_TOPICS : live} />}
      {children}
    </Context.Provider>
  );
}

function Invalidation({ topics }: { readonly topics: readonly string[] }) {
  useLiveInvalidation(topics);
  return null;
}

/** The connection. */
export function useTimeloom(): Timeloom {
  return useProvided().timeloom;
}

/** Queries and mutations of every path, with the types of the OpenAPI document. */
export function useApi(): Api {
  return useProvided().api;
}

function useProvided(): Provided {
  const provided = useContext(Context);
  if (provided === undefined)
    throw new Error("Hooks of @timeloom/client need a TimeloomProvider around them.");
  return provided;
}
