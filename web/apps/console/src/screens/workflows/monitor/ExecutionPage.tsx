import { Anchor, Group, SegmentedControl, Text } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Step, WorkflowExecution } from "@timeloom/client";
import { useWorkflow, useWorkflowExecution } from "@timeloom/client/react";
import { Fragment, lazy, Suspense, useMemo } from "react";
import { Id } from "../../../ui/Id";
import { Page } from "../../../ui/Page";
import { StatusBadge } from "../../../ui/StatusBadge";
import { isObject, type JsonObject } from "../../../ui/schema/schema";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { durationOf, reasonOf } from "../executions/columns";
import { isDrawable, placedOf } from "../model/definition";
import { graphOf } from "../model/graph";
import { namesFor, progressOf } from "../model/progress";
import { begunBy } from "../words";
import { Controls } from "./Controls";
import { Documents } from "./Documents";
import { HistoryView } from "./HistoryView";
import classes from "./monitor.module.css";
import { StepPanel } from "./StepPanel";
import { TimelineView } from "./TimelineView";

const route = getRouteApi("/workflows/executions/$executionId");
const FlowCanvas = lazy(() => import("../flow/FlowCanvas").then((each) => ({ default: each.FlowCanvas })));
const NO_STEPS: readonly Step[] = [];

/** One workflow execution: how each step gets on, live, and the hand on it. */
export function ExecutionPage() {
  const { executionId } = route.useParams();
  const found = useWorkflowExecution(executionId);
  if (found.isPending) return <LoadingState label="Loading the workflow execution" />;
  if (found.isError) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data.execution === undefined) return <EmptyState title="This execution is gone" />;
  return <Monitor execution={found.data.execution} steps={found.data.steps} />;
}

function Monitor({ execution, steps }: { execution: WorkflowExecution; steps: readonly Step[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const definition = useDefinition(execution);
  const isDrawn = definition.document !== undefined;
  const view = search.view ?? (isDrawn || definition.isPending ? "graph" : "timeline");
  const select = (step: string | undefined) =>
    void navigate({
      search: ({ step: _, ...rest }) => (step === undefined ? rest : { ...rest, step }),
      replace: true,
    });
  return (
    <Page
      title={execution.workflowId}
      isFilling
      beside={<StatusBadge status={execution.status} size="md" />}
      actions={<Controls execution={execution} steps={steps} />}
      description={<Facts execution={execution} />}
      below={
        <Group justify="space-between" gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="View"
            data={[
              ...(isDrawn || definition.isPending ? [{ value: "graph", label: "Graph" }] : []),
              { value: "timeline", label: "Timeline" },
              { value: "history", label: "History" },
              { value: "data", label: "Input and output" },
            ]}
            value={view}
            onChange={(next) =>
              void navigate({
                search: ({ view: _, ...rest }) =>
                  next === "timeline" || next === "history" || next === "data"
                    ? { ...rest, view: next }
                    : rest,
                replace: true,
              })
            }
          />
          <Text size="sm" c={execution.status === "FAILED" ? "var(--tl-bad)" : "dimmed"} role="status">
            {reasonOf(execution)}
          </Text>
        </Group>
      }
    >
      <div className={classes.split} data-open={search.step !== undefined || undefined}>
        <div className={classes.main}>
          {view === "graph" && definition.isPending && <LoadingState label="Loading the definition" />}
          {view === "graph" && definition.document !== undefined && (
            <Graph document={definition.document} steps={steps} selected={search.step} onSelect={select} />
          )}
          {view === "timeline" && (
            <TimelineView execution={execution} steps={steps} selected={search.step} onSelect={select} />
          )}
          {view === "history" && <HistoryView executionId={execution.id} onSelect={select} />}
          {view === "data" && <Documents execution={execution} />}
        </div>
        {search.step !== undefined && (
          <StepPanel
            execution={execution}
            stepId={search.step}
            steps={steps}
            document={definition.document}
            onSelect={select}
          />
        )}
      </div>
    </Page>
  );
}

/** The definition that an execution follows, if it has one that can be drawn. */
function useDefinition(execution: WorkflowExecution) {
  const workflow = useWorkflow(execution.workflowId, {
    version: execution.workflowVersion,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const found = workflow.data?.definition;
  const hasSteps = workflow.data?.kind === "DAG" && isObject(found) && isDrawable(found);
  return { isPending: workflow.isPending, document: hasSteps ? (found as JsonObject) : undefined };
}

function Graph({
  document,
  steps,
  selected,
  onSelect,
}: {
  document: JsonObject;
  steps: readonly Step[];
  selected: string | undefined;
  onSelect: (step: string | undefined) => void;
}) {
  const graph = useMemo(() => graphOf(document), [document]);
  const placed = useMemo(() => placedOf(document), [document]);
  const progress = useMemo(() => progressOf(document, steps ?? NO_STEPS), [document, steps]);
  const marks = useMemo(
    () => new Map([...progress].map(([place, each]) => [place, { progress: each }])),
    [progress],
  );
  const path = selected === undefined ? undefined : namesFor(placed)(selected);
  return (
    <Suspense fallback={<LoadingState label="Drawing the graph" />}>
      <FlowCanvas
        graph={graph}
        label="Steps of the execution"
        marks={marks}
        selected={placed.find((each) => each.path === path)?.place}
        onSelect={(place) => {
          const step = placed.find((each) => each.place === place);
          if (place !== undefined && step === undefined) return; // the head of a list
          onSelect(place === undefined ? undefined : (progress.get(place)?.runs.at(-1)?.id ?? step?.path));
        }}
      />
    </Suspense>
  );
}

function Facts({ execution }: { execution: WorkflowExecution }) {
  const facts = [
    <Anchor
      key="version"
      size="sm"
      renderRoot={(props) => (
        <Link {...props} to="/workflows/$workflowId" params={{ workflowId: execution.workflowId }} />
      )}
    >
      Version {execution.workflowVersion}
    </Anchor>,
    <span key="trigger">begun by {begunBy(execution)}</span>,
    execution.createTime && <TimeAgo key="created" time={execution.createTime} />,
    durationOf(execution) && <span key="duration">took {durationOf(execution)}</span>,
    execution.retryCount > 0 && <span key="retries">taken up again {execution.retryCount} times</span>,
    execution.forkedFrom && (
      <LinkToExecution
        key="fork"
        id={execution.forkedFrom.executionId}
        label={`fork after ${execution.forkedFrom.stepId || "its input"}`}
      />
    ),
    execution.parent && (
      <LinkToExecution key="parent" id={execution.parent.executionId} label="part of another execution" />
    ),
    <Anchor
      key="travel"
      size="sm"
      renderRoot={(props) => (
        <Link {...props} to="/executions/$executionId" params={{ executionId: execution.id }} />
      )}
    >
      Time travel
    </Anchor>,
  ].filter(Boolean);
  return (
    <Group gap={6}>
      {facts.map((fact, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the facts of an execution keep their order
        <Fragment key={index}>
          {index > 0 && <span aria-hidden>·</span>}
          {fact}
        </Fragment>
      ))}
      <Id value={execution.id} />
    </Group>
  );
}

function LinkToExecution({ id, label }: { id: string; label: string }) {
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => (
        <Link {...props} to="/workflows/executions/$executionId" params={{ executionId: id }} />
      )}
    >
      {label}
    </Anchor>
  );
}
