import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useWorkflow } from "@timeloom/client/react";
import { useMemo } from "react";
import { changesBetween, JsonDiff } from "../../../ui/json";
import { isObject, type JsonObject } from "../../../ui/schema/schema";
import { ErrorState, LoadingState } from "../../../ui/states";
import { partsOf } from "../model/versions";
import type { Design } from "./useDesign";
import type { Saving } from "./useSaving";

interface ConflictDialogProps {
  readonly saving: Saving;
  readonly begin: JsonObject;
  readonly design: Design;
}

/** Shows what somebody else has saved meanwhile, and asks whose definition is to be the newest. */
export function ConflictDialog({ saving, begin, design }: ConflictDialogProps) {
  return (
    <Modal
      opened={saving.isConflict}
      onClose={saving.giveIn}
      size="xl"
      title="Somebody else has saved meanwhile"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {saving.workflowId !== undefined && (
        <Conflict workflowId={saving.workflowId} saving={saving} begin={begin} design={design} />
      )}
    </Modal>
  );
}

function Conflict({ workflowId, saving, begin, design }: ConflictDialogProps & { workflowId: string }) {
  const newest = useWorkflow(workflowId, { staleTime: 0 });
  const theirs = newest.data?.definition;
  const { changes, truncated } = useMemo(
    () =>
      isObject(theirs) ? changesBetween(partsOf(begin), partsOf(theirs)) : { changes: [], truncated: false },
    [begin, theirs],
  );
  if (newest.isPending) return <LoadingState label="Loading the newest version" />;
  if (newest.isError) return <ErrorState error={newest.error} onRetry={() => void newest.refetch()} />;
  return (
    <Stack gap="sm">
      <Text size="sm">
        Version {newest.data.version} is newer than what you began with. This is what it changed:
      </Text>
      <div style={{ height: 320 }}>
        <JsonDiff label="What somebody else changed" changes={changes} truncated={truncated} />
      </div>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={saving.giveIn}>
          Go on designing
        </Button>
        <Button
          variant="default"
          onClick={() => {
            if (isObject(theirs)) design.set(theirs);
            saving.giveIn();
          }}
        >
          Take theirs
        </Button>
        <Button loading={saving.isPending} onClick={() => void saving.saveAnyway().catch(() => undefined)}>
          Save mine over it
        </Button>
      </Group>
    </Stack>
  );
}
