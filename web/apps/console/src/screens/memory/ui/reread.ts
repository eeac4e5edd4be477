import type { QueryClient } from "@tanstack/react-query";
import { invalidatePaths } from "@timeloom/client/react";

/** Reads anew what is shown of memories, after something was done to them. */
export function reread(queries: QueryClient): Promise<void> {
  return invalidatePaths(queries, ["/api/agent-memory"]);
}
