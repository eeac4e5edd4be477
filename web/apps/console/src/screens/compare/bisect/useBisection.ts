import { useQuery } from "@tanstack/react-query";
import type { TimeloomError } from "@timeloom/client";
import { useTimeloom } from "@timeloom/client/react";
import type { BisectSearch } from "./search";

/** Whether an address says enough to search. */
export function isAsked({ execution, expression, good }: BisectSearch): boolean {
  return execution !== undefined && (expression !== undefined || good !== undefined);
}

/** The bisection that an address asks for: the answer is the same as long as the execution is. */
export function useBisection(search: BisectSearch) {
  const { rest } = useTimeloom();
  const { execution = "", expression, good, from, to, exhaustive } = search;
  return useQuery({
    queryKey: ["bisection", search],
    queryFn: async ({ signal }) => {
      const { data } = await rest.POST("/api/agent-executions/{executionId}/bisect", {
        params: { path: { executionId: execution } },
        body: {
          ...(expression !== undefined && { expression }),
          ...(good !== undefined && { goodExecutionId: good }),
          ...(from !== undefined && { goodSequence: from }),
          ...(to !== undefined && { badSequence: to }),
          ...(exhaustive && { exhaustive }),
        },
        signal,
      });
      return data;
    },
    enabled: isAsked(search),
    retry: (count, error) => count < 2 && (error as TimeloomError).isRetriable,
  });
}

export type Bisection = NonNullable<ReturnType<typeof useBisection>["data"]>;
