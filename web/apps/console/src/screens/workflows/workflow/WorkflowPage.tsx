import { ActionIcon, Badge, Button, Group, Menu, SegmentedControl, Text, Tooltip } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { Workflow } from "@timeloom/client";
import { useWorkflow, useWorkflowEditing } from "@timeloom/client/react";
import { Ellipsis, Pencil, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { useShortcut } from "../../../app/shortcuts";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { Page } from "../../../ui/Page";
import { ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { ButtonLink } from "../ButtonLink";
import { EnabledSwitch } from "../library/EnabledSwitch";
import { RunDialog } from "../RunDialog";
import { TextLink } from "../TextLink";
import { TriggerList } from "../triggers/TriggerList";
import { DefinitionView } from "./DefinitionView";
import { StatisticsView } from "./StatisticsView";
import { VersionsView } from "./VersionsView";

const route = getRouteApi("/workflows/$workflowId");
const TABS = [
  { value: "definition", label: "Definition" },
  { value: "versions", label: "Versions" },
  { value: "statistics", label: "Statistics" },
  { value: "triggers", label: "Triggers" },
];

/** One workflow: its definition, its versions, how it went, and what makes it begin. */
export function WorkflowPage() {
  const { workflowId } = route.useParams();
  const { version = 0, tab = "definition" } = route.useSearch();
  const workflow = useWorkflow(workflowId, { version: tab === "definition" ? version : 0 });
  if (workflow.isPending) return <LoadingState label="Loading the workflow" />;
  if (workflow.isError) return <ErrorState error={workflow.error} onRetry={() => void workflow.refetch()} />;
  return <Shown workflow={workflow.data} tab={tab} isOld={version !== 0 && tab === "definition"} />;
}

function Shown({ workflow, tab, isOld }: { workflow: Workflow; tab: string; isOld: boolean }) {
  const navigate = route.useNavigate();
  const [isRunning, setRunning] = useState(false);
  useShortcut({ keys: "r", label: "Run", group: "Workflow" }, () => setRunning(true));
  return (
    <Page
      title={workflow.id}
      isFilling
      beside={
        <Badge variant="default" tt="none">
          {isOld ? `Version ${workflow.version}, an old one` : `Version ${workflow.version}`}
        </Badge>
      }
      description={
        <>
          {workflow.description || "No description."}{" "}
          {workflow.updateTime !== undefined && <TimeAgo time={workflow.updateTime} />}
        </>
      }
      actions={<Actions workflow={workflow} onRun={() => setRunning(true)} />}
      below={
        <Group gap="md">
          <SegmentedControl
            size="xs"
            aria-label="About the workflow"
            data={TABS}
            value={tab}
            onChange={(next) =>
              void navigate({
                search:
                  next === "versions" || next === "statistics" || next === "triggers" ? { tab: next } : {},
              })
            }
          />
          <EnabledSwitch workflow={workflow} hasLabel />
          <TextLink to="/workflows/executions" search={{ workflow: workflow.id }}>
            Its executions
          </TextLink>
        </Group>
      }
    >
      {tab === "versions" ? (
        <VersionsView workflow={workflow} />
      ) : tab === "statistics" ? (
        <StatisticsView workflow={workflow} />
      ) : tab === "triggers" ? (
        <TriggerList workflowId={workflow.id} />
      ) : (
        <DefinitionView workflow={workflow} />
      )}
      <RunDialog
        workflowId={isRunning ? workflow.id : undefined}
        version={isOld ? workflow.version : 0}
        onClose={() => setRunning(false)}
      />
    </Page>
  );
}

function Actions({ workflow, onRun }: { workflow: Workflow; onRun: () => void }) {
  const [isDeleting, setDeleting] = useState(false);
  const { remove } = useWorkflowEditing();
  const navigate = route.useNavigate();
  return (
    <>
      {workflow.kind === "DAG" && (
        <ButtonLink
          to="/workflows/$workflowId/design"
          params={{ workflowId: workflow.id }}
          variant="default"
          leftSection={<Pencil size={15} aria-hidden />}
        >
          Design
        </ButtonLink>
      )}
      <RunButton onRun={onRun} />
      <Menu position="bottom-end">
        <Menu.Target>
          <Tooltip label="More">
            <ActionIcon variant="default" size="lg" aria-label="More">
              <Ellipsis size={16} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={14} aria-hidden />}
            onClick={() => setDeleting(true)}
          >
            Delete the workflow
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ConfirmDialog
        isOpen={isDeleting}
        onClose={() => setDeleting(false)}
        title={`Delete ${workflow.id}?`}
        action="Delete"
        typed={workflow.id}
        onConfirm={async () => {
          await remove.mutateAsync({ workflowId: workflow.id });
          await navigate({ to: "/workflows" });
        }}
      >
        <Text size="sm">
          All its versions and its triggers are deleted. Executions that have begun go on. This cannot be
          undone.
        </Text>
      </ConfirmDialog>
    </>
  );
}

function RunButton({ onRun }: { onRun: () => void }) {
  return (
    <Button leftSection={<Play size={15} aria-hidden />} onClick={onRun}>
      Run
    </Button>
  );
}
