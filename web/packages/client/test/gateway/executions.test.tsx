import { act, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import {
  useAllSnapshots,
  useExecution,
  useExecutionComparison,
  useExecutionControls,
  useExecutionSnapshots,
  useExecutions,
  useExecutionTimeline,
  useSnapshot,
  useSnapshotComparison,
  useValueHistory,
} from "../../src/react/index.js";
import { connect, renderLive, unique } from "./gateway.js";
import { begin, counted, record } from "./recording.js";

test("a list shows an execution that begins, gets on and ends after it was read", async () => {
  const timeloom = connect();
  const agentId = unique("agent");
  const { result } = renderLive(() => useExecutions({ agentId }), { timeloom });
  await waitFor(() => expect(result.current.data).toEqual([]));
  const { id } = await begin(timeloom, agentId, "first");
  await waitFor(() => expect(result.current.data).toMatchObject([{ id, name: "first", status: "RUNNING" }]));
  await record(timeloom, id, [{ stepName: "think", state: { done: false } }]);
  await waitFor(() => expect(result.current.data).toMatchObject([{ headSequence: 1, snapshotCount: 1 }]));
  const { data: ended } = await timeloom.rest.POST("/api/agent-executions/{executionId}:complete", {
    params: { path: { executionId: id } },
    body: { status: "SUCCEEDED", output: { answer: 42 } },
  });
  await waitFor(() => expect(result.current.data).toEqual([ended]));
});

test("a list is read page by page, and a filter that changes keeps what is shown until the other is there", async () => {
  const timeloom = connect();
  const agentId = unique("agent");
  for (const name of ["one", "two", "three"]) await begin(timeloom, agentId, name);
  const { result, rerender } = renderLive(
    ({ nameContains }: { nameContains?: string }) =>
      useExecutions({ agentId, nameContains, pageSize: 2, orderBy: "create_time" }),
    { timeloom, initialProps: {} },
  );
  await waitFor(() => expect(result.current.data?.map(({ name }) => name)).toEqual(["one", "two"]));
  expect(result.current.hasNextPage).toBe(true);
  await act(() => result.current.fetchNextPage());
  await waitFor(() => expect(result.current.data?.map(({ name }) => name)).toEqual(["one", "two", "three"]));
  expect(result.current.hasNextPage).toBe(false);
  rerender({ nameContains: "thr" });
  expect(result.current).toMatchObject({ isPlaceholderData: true, data: [{ name: "one" }, {}, {}] });
  await waitFor(() => expect(result.current.data?.map(({ name }) => name)).toEqual(["three"]));
});

test("a refusal names the field", async () => {
  const { result } = renderLive(() => useExecutions({ pageSize: 5_000 }));
  await waitFor(() => expect(result.current.isError).toBe(true));
  expect(result.current.error).toMatchObject({ status: 400, code: "INVALID_FIELD" });
  expect(result.current.error?.violation("pageSize")).toContain("1000");
});

test("an execution that is not there is an error with its status", async () => {
  const { result } = renderLive(() => useExecution("019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47"));
  await waitFor(() => expect(result.current.error).toMatchObject({ status: 404 }));
});

test("nothing is asked about no execution", () => {
  const { result } = renderLive(() => useExecution(""));
  expect(result.current).toMatchObject({ fetchStatus: "idle", status: "pending" });
});

test("snapshots are read on as they are recorded, in a list and as all of them", async () => {
  const timeloom = connect();
  const id = await counted(timeloom, unique("agent"), 2);
  const { result } = renderLive(() => ({ list: useExecutionSnapshots(id), all: useAllSnapshots(id) }), {
    timeloom,
  });
  const shown = () =>
    [result.current.list, result.current.all].map(({ data }) => data?.map((each) => each.sequence));
  await waitFor(() =>
    expect(shown()).toEqual([
      [1, 2],
      [1, 2],
    ]),
  );
  await record(timeloom, id, [{ stepName: "later", state: { n: 3 } }]);
  await waitFor(() =>
    expect(shown()).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]),
  );
  await timeloom.rest.PATCH("/api/agent-executions/{executionId}/snapshots/{sequence}", {
    params: { path: { executionId: id, sequence: 2 } },
    body: { label: "here", tags: { values: ["seen"] } },
  });
  await waitFor(() => expect(result.current.all.data?.[1]).toMatchObject({ label: "here", tags: ["seen"] }));
  await timeloom.rest.POST("/api/agent-executions/{executionId}/snapshots:delete", {
    params: { path: { executionId: id } },
    body: { sequences: [2] },
  });
  await waitFor(() =>
    expect(shown()).toEqual([
      [1, 3],
      [1, 3],
    ]),
  );
});

test("a snapshot has its state, and a part of it by its path", async () => {
  const timeloom = connect();
  const { id } = await begin(timeloom, unique("agent"));
  const [recorded] = await record(timeloom, id, [{ stepName: "plan", state: { plan: { days: [1, 2.5] } } }]);
  const { result } = renderLive(
    () => ({ whole: useSnapshot(id, 1), part: useSnapshot(id, 1, { path: "/plan/days/1" }) }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.part.data?.state).toBe(2.5));
  await waitFor(() =>
    expect(result.current.whole.data).toEqual({ ...recorded, state: { plan: { days: [1, 2.5] } } }),
  );
});

test("two snapshots are compared, and a value has a history", async () => {
  const timeloom = connect();
  const id = await counted(timeloom, unique("agent"), 3);
  const { result } = renderLive(
    () => ({
      diff: useSnapshotComparison({ executionId: id, sequence: 1 }, { executionId: id, sequence: 3 }),
      history: useValueHistory(id, "/n"),
    }),
    { timeloom },
  );
  await waitFor(() =>
    expect(result.current.diff.data).toEqual({
      from: { executionId: id, sequence: 1 },
      to: { executionId: id, sequence: 3 },
      changes: [{ kind: "CHANGED", path: "/n", oldPath: "", oldValue: 1, newValue: 3 }],
      truncated: false,
    }),
  );
  await waitFor(() =>
    expect(result.current.history.data?.map(({ sequence, newValue }) => [sequence, newValue])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]),
  );
});

test("a fork is compared with its origin up to the first divergence", async () => {
  const timeloom = connect();
  const id = await counted(timeloom, unique("agent"), 3);
  const controls = renderLive(() => useExecutionControls(id), { timeloom });
  const fork = await act(() =>
    controls.result.current.fork.mutateAsync({
      sequence: 2,
      name: "other",
      patch: [{ op: "add", path: "/x", value: 1 }],
    }),
  );
  expect(fork).toMatchObject({ name: "other", forkedFrom: { executionId: id, sequence: 2 } });
  const { result } = renderLive(() => useExecutionComparison(id, fork.id), { timeloom });
  await waitFor(() => expect(result.current.data?.sameCount).toBe(2));
  expect(result.current.data?.firstDivergence).toMatchObject({ sequence: 3 });
  expect(result.current.data?.steps.slice(0, 2).map(({ kind }) => kind)).toEqual(["SAME", "SAME"]);
});

test("a rollback moves the head, and the timeline tells of it", async () => {
  const timeloom = connect();
  const id = await counted(timeloom, unique("agent"), 3);
  const { result } = renderLive(
    () => ({
      execution: useExecution(id),
      timeline: useExecutionTimeline(id),
      controls: useExecutionControls(id),
    }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.execution.data?.headSequence).toBe(3));
  await act(() =>
    result.current.controls.rollback.mutateAsync({
      sequence: 1,
      expectedHeadSequence: 3,
      reason: "wrong turn",
    }),
  );
  await waitFor(() => expect(result.current.execution.data?.headSequence).toBe(1));
  await waitFor(() =>
    expect(result.current.timeline.data?.flatMap(({ headMove }) => headMove ?? [])).toMatchObject([
      { number: 1, fromSequence: 3, toSequence: 1, reason: "wrong turn" },
    ]),
  );
});
