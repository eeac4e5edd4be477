import { QueryClient } from "@tanstack/react-query";
import { createTimeloom, TimeloomError } from "@timeloom/client";
import { askOrRemember } from "./offline/kept-answers";

const RETRIES_MAX = 2;
const FRESH_MS = 5_000;
/** Answers that nobody shows any more are kept so long, to go back to them at once. */
const KEPT_MS = 10 * 60_000;

/** The page's connection: its own origin, as the session that the cookie names. */
export const timeloom = createTimeloom();

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      gcTime: KEPT_MS,
      // Without a network, what was kept answers; nothing waits for the network to come back.
      networkMode: "always",
      refetchOnReconnect: true,
      persister: askOrRemember,
      retry: (tries, error) =>
        tries < RETRIES_MAX && navigator.onLine && (!(error instanceof TimeloomError) || error.isRetriable),
    },
    mutations: { networkMode: "always" },
  },
});
