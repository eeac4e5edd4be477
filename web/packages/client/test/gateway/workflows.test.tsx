import { act, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import {
  useWorkflow,
  useWorkflowControls,
  useWorkflowEditing,
  useWorkflowExecution,
  useWorkflowExecutions,
  useWorkflowHistory,
  useWorkflowStats,
  useWorkflows,
  useWorkflowTemplates,
} from "../../src/react/index.js";
import { connect, renderLive, unique } from "./gateway.js";

const asking = (id: string) => ({
  id,
  steps: [
    { id: "may", type: "human_approval", question: "Go on?" },
    { id: "result", type: "transform", value: { may: "${ steps.may.output.approved }" } },
  ],
  output: "${ steps.result.output }",
});

test("a workflow is created, runs, asks, is approved and ends, and every screen follows", async () => {
  const timeloom = connect();
  const id = unique("ask");
  const { result } = renderLive(
    () => ({
      workflow: useWorkflow(id),
      editing: useWorkflowEditing(),
      controls: useWorkflowControls(),
      executions: useWorkflowExecutions({ filter: { workflowIds: [id] } }),
      stats: useWorkflowStats({ workflowIds: [id] }),
    }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.workflow.error?.status).toBe(404));
  await act(() => result.current.editing.create.mutateAsync({ definition: asking(id) }));
  await waitFor(() => expect(result.current.workflow.data).toMatchObject({ id, version: 1, enabled: true }));
  const { id: executionId } = await act(() =>
    result.current.controls.run.mutateAsync({ workflowId: id, input: {} }),
  );
  await waitFor(() =>
    expect(result.current.executions.data).toMatchObject([{ id: executionId, waitingFor: "APPROVAL" }]),
  );
  const one = renderLive(
    () => ({ execution: useWorkflowExecution(executionId), history: useWorkflowHistory(executionId) }),
    { timeloom },
  );
  await waitFor(() =>
    expect(one.result.current.execution.data?.steps).toMatchObject([{ status: "WAITING" }]),
  );
  await act(() =>
    result.current.controls.approve.mutateAsync({
      executionId,
      decision: "APPROVED",
      decidedBy: "ann",
      comment: "yes",
    }),
  );
  await waitFor(() =>
    expect(one.result.current.execution.data?.execution).toMatchObject({
      status: "SUCCEEDED",
      output: { may: true },
    }),
  );
  await waitFor(() => expect(result.current.executions.data).toMatchObject([{ status: "SUCCEEDED" }]));
  expect(one.result.current.history.data?.length).toBeGreaterThan(3);
});

test("an execution is paused, resumed and cancelled", async () => {
  const timeloom = connect();
  const id = unique("wait");
  await timeloom.rest.POST("/api/workflows", { body: { definition: asking(id) } });
  const controls = renderLive(() => useWorkflowControls(), { timeloom }).result;
  const { id: executionId } = await act(() =>
    controls.current.run.mutateAsync({ workflowId: id, input: {} }),
  );
  const { result } = renderLive(() => useWorkflowExecution(executionId), { timeloom });
  const status = () => result.current.data?.execution?.status;
  await waitFor(() => expect(status()).toBe("RUNNING"));
  await act(() => controls.current.pause.mutateAsync({ executionId, reason: "lunch" }));
  await waitFor(() => expect(status()).toBe("PAUSED"));
  await act(() => controls.current.resume.mutateAsync({ executionId }));
  await waitFor(() => expect(status()).toBe("RUNNING"));
  await act(() => controls.current.cancel.mutateAsync({ executionId }));
  await waitFor(() => expect(status()).toBe("CANCELLED"));
});

test("what is wrong with a definition is told without keeping it", async () => {
  const id = unique("wrong");
  const { result } = renderLive(() => ({ editing: useWorkflowEditing(), list: useWorkflows({ text: id }) }));
  const definition = { id, steps: [{ id: "a", type: "nothing" }] };
  const answer = await act(() => result.current.editing.validate.mutateAsync({ definition }));
  expect(answer.problems).not.toEqual([]);
  await waitFor(() => expect(result.current.list.data).toEqual([]));
});

test("templates are there to begin with", async () => {
  const { result } = renderLive(() => useWorkflowTemplates());
  await waitFor(() => expect(result.current.data?.length).toBeGreaterThan(0));
});
