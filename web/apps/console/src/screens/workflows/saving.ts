import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { TimeloomError, Workflow } from "@timeloom/client";
import { invalidatePaths, useTimeloom } from "@timeloom/client/react";
import type { JsonObject } from "../../ui/schema/schema";

interface Save {
  readonly definition: JsonObject;
  /** The workflow that gets another version; a new one if absent. */
  readonly workflowId?: string | undefined;
  /** The save is refused if the workflow has another one by now; not compared if absent. */
  readonly etag?: string | undefined;
}

/** Keeps a definition: as a new workflow, or as a new version of one. */
export function useSaveWorkflow() {
  const { rest } = useTimeloom();
  const queries = useQueryClient();
  return useMutation<Workflow, TimeloomError, Save>({
    mutationFn: async ({ definition, workflowId, etag }) => {
      const { data } =
        workflowId === undefined
          ? await rest.POST("/api/workflows", { body: { definition } })
          : await rest.PUT("/api/workflows/{workflowId}", {
              params: { path: { workflowId } },
              body: { definition },
              headers: etag === undefined ? {} : { "If-Match": `"${etag}"` },
            });
      if (data === undefined) throw new Error("The server answered without the workflow.");
      return data;
    },
    onSuccess: () => invalidatePaths(queries, ["/api/workflows"]),
  });
}
