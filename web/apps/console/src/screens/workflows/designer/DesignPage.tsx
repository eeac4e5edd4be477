import { getRouteApi } from "@tanstack/react-router";
import type { Workflow } from "@timeloom/client";
import { useWorkflow, useWorkflowSchema } from "@timeloom/client/react";
import { useState } from "react";
import { isObject, type JsonSchema } from "../../../ui/schema/schema";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { Designer } from "./Designer";

const route = getRouteApi("/workflows/$workflowId/design");

/** The designer of a workflow that is there. */
export function DesignPage() {
  const { workflowId } = route.useParams();
  const workflow = useWorkflow(workflowId);
  const schema = useWorkflowSchema();
  if (workflow.isError) return <ErrorState error={workflow.error} onRetry={() => void workflow.refetch()} />;
  if (schema.isError) return <ErrorState error={schema.error} onRetry={() => void schema.refetch()} />;
  if (workflow.isPending || schema.isPending) return <LoadingState label="Opening the designer" />;
  if (workflow.data.kind === "CODE") {
    return (
      <EmptyState
        title="This workflow is code"
        text="It is changed where it is written, and by its worker."
      />
    );
  }
  return <Opened key={workflowId} workflow={workflow.data} schema={schema.data as JsonSchema} />;
}

function Opened({ workflow, schema }: { workflow: Workflow; schema: JsonSchema }) {
  // What is designed stays what it was begun with, also when a newer version is read.
  const [begun] = useState(workflow);
  const { view = "graph" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Designer
      begin={isObject(begun.definition) ? begun.definition : {}}
      workflow={{ ...workflow, etag: begun.etag }}
      schema={schema}
      view={view}
      onView={(next) => void navigate({ search: next === "json" ? { view: next } : {}, replace: true })}
    />
  );
}
