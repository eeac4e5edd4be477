import {
  ActionIcon,
  Button,
  Group,
  SegmentedControl,
  Tabs,
  Text,
  Tooltip,
  UnstyledButton,
} from "@mantine/core";
import type { Workflow } from "@timeloom/client";
import { CircleCheck, Redo2, Save, Undo2 } from "lucide-react";
import { lazy, Suspense, useMemo } from "react";
import { Page } from "../../../ui/Page";
import { Problem } from "../../../ui/Problem";
import type { JsonObject, JsonSchema } from "../../../ui/schema/schema";
import { EmptyState, LoadingState } from "../../../ui/states";
import { isDrawable } from "../model/definition";
import { graphOf } from "../model/graph";
import { ConflictDialog } from "./ConflictDialog";
import classes from "./designer.module.css";
import { Inspector } from "./Inspector";
import { JsonView } from "./JsonView";
import { LeaveGuard } from "./LeaveGuard";
import { Outline } from "./Outline";
import { Palette } from "./Palette";
import { type Design, useDesign } from "./useDesign";
import { useDesignerKeys } from "./useDesignerKeys";
import { type Problems, useProblems } from "./useProblems";
import { useSaving } from "./useSaving";

const FlowCanvas = lazy(() => import("../flow/FlowCanvas").then((each) => ({ default: each.FlowCanvas })));

interface DesignerProps {
  /** What is begun with. */
  readonly begin: JsonObject;
  /** The workflow that gets another version; a new one is made if absent. */
  readonly workflow?: Workflow | undefined;
  readonly schema: JsonSchema;
  readonly view: "graph" | "json";
  readonly onView: (view: "graph" | "json") => void;
}

/** Where a definition is made: as a graph with forms, as a tree, or as JSON, which all show the same. */
export function Designer({ begin, workflow, schema, view, onView }: DesignerProps) {
  const design = useDesign(begin);
  const problems = useProblems(design.document);
  const saving = useSaving(design, begin, workflow);
  useDesignerKeys(design, saving.save);
  const title = workflow === undefined ? "New workflow" : `Design ${workflow.id}`;
  return (
    <Page
      title={title}
      isFilling
      beside={<Checked problems={problems} />}
      actions={
        <>
          <History design={design} />
          <SegmentedControl
            size="xs"
            aria-label="View"
            data={[
              { value: "graph", label: "Graph" },
              { value: "json", label: "JSON" },
            ]}
            value={view}
            onChange={(next) => onView(next === "json" ? "json" : "graph")}
          />
          <Button
            leftSection={<Save size={15} aria-hidden />}
            loading={saving.isPending}
            disabled={!saving.isDirty}
            onClick={saving.save}
          >
            {workflow === undefined ? "Create" : `Save as version ${workflow.version + 1}`}
          </Button>
        </>
      }
    >
      <div className={classes.designer}>
        <div className={classes.side}>
          <Tabs defaultValue="add">
            <Tabs.List mb="xs" grow>
              <Tabs.Tab value="add">Add</Tabs.Tab>
              <Tabs.Tab value="steps">Steps</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="add">
              <Palette where={whereOf(design)} onAdd={(kind) => design.add(kind)} />
            </Tabs.Panel>
            <Tabs.Panel value="steps">
              <Outline design={design} problems={problems} />
            </Tabs.Panel>
          </Tabs>
        </div>
        <div className={classes.centre}>
          {view === "json" ? (
            <JsonView design={design} problems={problems} />
          ) : (
            <Graph design={design} problems={problems} />
          )}
          {saving.error !== null && <Problem error={saving.error} />}
          {problems.error !== null && <Problem error={problems.error} />}
          <ProblemList design={design} problems={problems} />
        </div>
        <div className={classes.side}>
          <Inspector design={design} problems={problems} schema={schema} isNew={workflow === undefined} />
        </div>
      </div>
      <ConflictDialog saving={saving} begin={begin} design={design} />
      <LeaveGuard isDirty={saving.isDirty} />
    </Page>
  );
}

function whereOf(design: Design): string {
  if (design.step !== undefined) return `after ${design.step.id}`;
  return design.selected === undefined ? "at the end" : "first in the chosen list";
}

function Graph({ design, problems }: { design: Design; problems: Problems }) {
  const { document } = design;
  const isDrawn = isDrawable(document);
  const graph = useMemo(() => (isDrawn ? graphOf(document) : undefined), [document, isDrawn]);
  const marks = useMemo(
    () =>
      new Map(
        [...problems.byStep].map(([place, each]) => [place, { problems: each.map((one) => one.message) }]),
      ),
    [problems.byStep],
  );
  if (graph === undefined) {
    return (
      <EmptyState
        title="This cannot be drawn yet"
        text="Steps are drawn when they are a list of objects with an id and a type. The JSON view has the text."
      />
    );
  }
  return (
    <Suspense fallback={<LoadingState label="Drawing the graph" />}>
      <FlowCanvas
        graph={graph}
        label="Steps of the definition"
        marks={marks}
        selected={design.selected}
        onSelect={design.select}
        editing={{
          onConnect: design.connect,
          onDisconnect: design.disconnect,
          onDrop: (kind, over) => design.add(kind, over),
        }}
      />
    </Suspense>
  );
}

function History({ design }: { design: Design }) {
  return (
    <Group gap={2}>
      <Tooltip label="Undo">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Undo"
          disabled={!design.canUndo}
          onClick={design.undo}
        >
          <Undo2 size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Redo">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Redo"
          disabled={!design.canRedo}
          onClick={design.redo}
        >
          <Redo2 size={16} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}

function Checked({ problems }: { problems: Problems }) {
  const count = problems.all.length;
  return (
    <Text size="sm" role="status" c={count > 0 ? "var(--tl-bad)" : "dimmed"}>
      {problems.isChecking ? (
        "Checking"
      ) : count > 0 ? (
        `${count} ${count === 1 ? "problem" : "problems"}`
      ) : (
        <Group component="span" gap={4} c="var(--tl-good)">
          <CircleCheck size={14} aria-hidden /> Can be executed
        </Group>
      )}
    </Text>
  );
}

function ProblemList({ design, problems }: { design: Design; problems: Problems }) {
  if (problems.all.length === 0) return null;
  const places = new Map(
    [...problems.byStep].flatMap(([place, each]) => each.map((one) => [one, place] as const)),
  );
  return (
    <ul className={classes.problems} aria-label="Problems">
      {problems.all.map((each) => (
        <li key={`${each.place} ${each.message}`}>
          <UnstyledButton
            className={classes.problem ?? ""}
            onClick={() => design.select(places.get(each) || undefined)}
          >
            <span className="mono">{each.place || "definition"}</span>
            {each.message}
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}
