import { Button, Group, Select, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { Workflow } from "@timeloom/client";
import { useWorkflow, useWorkflowVersions } from "@timeloom/client/react";
import { ArrowRight, History } from "lucide-react";
import { useMemo, useState } from "react";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { formatDateTime } from "../../../ui/format";
import { changesBetween, JsonDiff } from "../../../ui/json";
import { isObject } from "../../../ui/schema/schema";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { partsOf } from "../model/versions";
import { useSaveWorkflow } from "../saving";
import { TextLink } from "../TextLink";
import { told } from "../told";

const route = getRouteApi("/workflows/$workflowId");

/** What changed from one version of a workflow to another. */
export function VersionsView({ workflow }: { workflow: Workflow }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const versions = useWorkflowVersions(workflow.id);
  if (versions.isPending) return <LoadingState label="Loading the versions" />;
  if (versions.isError) return <ErrorState error={versions.error} onRetry={() => void versions.refetch()} />;
  if (workflow.version < 2) {
    return (
      <EmptyState
        icon={History}
        title="There is one version"
        text="Each change of the definition makes another one. Executions go on with the version that they began with."
      />
    );
  }
  const to = search.version ?? workflow.version;
  const from = search.with ?? Math.max(1, to - 1);
  const choose = (change: { version?: number; with?: number }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const data = versions.data.map((each) => ({
    value: String(each.version),
    label: `Version ${each.version}${each.updateTime === undefined ? "" : ` · ${formatDateTime(each.updateTime)}`}`,
  }));
  return (
    <div style={{ display: "flex", flexDirection: "column", gap: 10, height: "100%" }}>
      <Group gap="xs">
        <Select
          size="xs"
          w={260}
          aria-label="From version"
          data={data}
          value={String(from)}
          allowDeselect={false}
          onChange={(next) => choose({ with: Number(next) })}
        />
        <ArrowRight size={14} aria-hidden />
        <Select
          size="xs"
          w={260}
          aria-label="To version"
          data={data}
          value={String(to)}
          allowDeselect={false}
          onChange={(next) => choose({ version: Number(next) })}
        />
        <TextLink to="/workflows/$workflowId" params={{ workflowId: workflow.id }} search={{ version: from }}>
          Look at version {from}
        </TextLink>
        {versions.hasNextPage && (
          <Button size="compact-xs" variant="default" onClick={() => void versions.fetchNextPage()}>
            Older versions
          </Button>
        )}
      </Group>
      <Difference workflow={workflow} from={from} to={to} />
    </div>
  );
}

function Difference({ workflow, from, to }: { workflow: Workflow; from: number; to: number }) {
  const older = useWorkflow(workflow.id, { version: from });
  const newer = useWorkflow(workflow.id, { version: to });
  const [isRestoring, setRestoring] = useState(false);
  const save = useSaveWorkflow();
  const [left, right] = [older.data?.definition, newer.data?.definition];
  const { changes, truncated } = useMemo(
    () =>
      isObject(left) && isObject(right)
        ? changesBetween(partsOf(left), partsOf(right))
        : { changes: [], truncated: false },
    [left, right],
  );
  if (older.isError) return <ErrorState error={older.error} onRetry={() => void older.refetch()} />;
  if (newer.isError) return <ErrorState error={newer.error} onRetry={() => void newer.refetch()} />;
  if (older.isPending || newer.isPending) return <LoadingState label="Loading both versions" />;
  return (
    <div style={{ flex: 1, minHeight: 0 }}>
      <JsonDiff
        label={`Changes from version ${from} to version ${to}`}
        changes={changes}
        truncated={truncated}
        tools={
          from < workflow.version && (
            <Button size="compact-xs" variant="default" onClick={() => setRestoring(true)}>
              Make version {from} the newest
            </Button>
          )
        }
      />
      <ConfirmDialog
        isOpen={isRestoring}
        onClose={() => setRestoring(false)}
        title={`Make version ${from} the newest?`}
        action="Make it the newest"
        isDestructive={false}
        onConfirm={async () => {
          if (!isObject(left)) return;
          await save.mutateAsync({ workflowId: workflow.id, definition: left, etag: workflow.etag });
          told(`The definition of version ${from} is the newest again.`).onSuccess();
        }}
      >
        <Text size="sm">
          Its definition becomes version {workflow.version + 1}. Executions go on with the version that they
          began with.
        </Text>
      </ConfirmDialog>
    </div>
  );
}
