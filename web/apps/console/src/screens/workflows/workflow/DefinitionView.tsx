import { Title } from "@mantine/core";
import type { Workflow } from "@timeloom/client";
import { lazy, Suspense, useMemo, useState } from "react";
import { JsonTree } from "../../../ui/json";
import { isObject, type JsonObject } from "../../../ui/schema/schema";
import { EmptyState, LoadingState } from "../../../ui/states";
import { isDrawable, stepAt } from "../model/definition";
import { graphOf } from "../model/graph";
import classes from "../monitor/monitor.module.css";

const FlowCanvas = lazy(() => import("../flow/FlowCanvas").then((each) => ({ default: each.FlowCanvas })));

/** A definition to look at: its graph, and the JSON of what is chosen in it. */
export function DefinitionView({ workflow }: { workflow: Workflow }) {
  const { definition } = workflow;
  if (workflow.kind === "CODE" || !isObject(definition) || !isDrawable(definition)) {
    return (
      <EmptyState
        title="This workflow is code"
        text="A worker's function says what comes next. Its steps are seen in its executions."
      />
    );
  }
  return <Drawn definition={definition} />;
}

function Drawn({ definition }: { definition: JsonObject }) {
  const graph = useMemo(() => graphOf(definition), [definition]);
  const [selected, setSelected] = useState<string>();
  const step = selected === undefined ? undefined : stepAt(definition, selected);
  return (
    <div className={classes.split}>
      <div className={classes.main}>
        <Suspense fallback={<LoadingState label="Drawing the graph" />}>
          <FlowCanvas
            graph={graph}
            label="Steps of the definition"
            selected={selected}
            onSelect={setSelected}
          />
        </Suspense>
      </div>
      {step !== undefined && (
        <aside className={classes.panel} aria-label={`Step ${step.id}`}>
          <Title order={2}>{step.id}</Title>
          <div className={classes.tree}>
            <JsonTree value={step} label={`Step ${step.id}`} />
          </div>
        </aside>
      )}
    </div>
  );
}
