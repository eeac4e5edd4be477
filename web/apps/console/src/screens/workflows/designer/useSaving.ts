import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import type { TimeloomError, Workflow } from "@timeloom/client";
import { useRef, useState } from "react";
import type { JsonObject } from "../../../ui/schema/schema";
import { useSaveWorkflow } from "../saving";
import type { Design } from "./useDesign";

export interface Saving {
  readonly isDirty: boolean;
  readonly isPending: boolean;
  /** Why the last save was refused, unless because somebody else had saved meanwhile. */
  readonly error: TimeloomError | null;
  /** Somebody else has saved since this design was begun. */
  readonly isConflict: boolean;
  readonly workflowId: string | undefined;
  readonly save: () => void;
  /** Saves whatever somebody else has saved. */
  readonly saveAnyway: () => Promise<void>;
  readonly giveIn: () => void;
}

/** Saves a design as a new workflow or as a new version, and notices when somebody else was faster. */
export function useSaving(design: Design, begin: JsonObject, workflow: Workflow | undefined): Saving {
  const [saved, setSaved] = useState(begin);
  // Another version that arrives by the live stream must not hide that this design was begun from an older one.
  const etag = useRef(workflow?.etag);
  const mutation = useSaveWorkflow();
  const navigate = useNavigate();
  const workflowId = workflow?.id;
  const store = async (against: string | undefined) => {
    const definition = design.document;
    const kept = await mutation.mutateAsync({ definition, workflowId, etag: against });
    etag.current = kept.etag;
    setSaved(definition);
    notifications.show({ message: `${kept.id} is saved as version ${kept.version}.` });
    if (workflowId === undefined) {
      await navigate({
        to: "/workflows/$workflowId/design",
        params: { workflowId: kept.id },
        replace: true,
        ignoreBlocker: true,
      });
    }
  };
  const isConflict = mutation.error?.code === "ETAG_MISMATCH";
  const isDirty = saved !== design.document || (workflow === undefined && !mutation.isSuccess);
  return {
    isDirty,
    isPending: mutation.isPending,
    error: isConflict ? null : mutation.error,
    isConflict,
    workflowId,
    save: () => {
      // What was refused is shown from the mutation's state.
      if (isDirty && !mutation.isPending) void store(etag.current).catch(() => undefined);
    },
    saveAnyway: () => store(undefined),
    giveIn: () => mutation.reset(),
  };
}
