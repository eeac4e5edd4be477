import { act, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Breakpoint, Timeloom } from "../../src/index.js";
import { useExecutionReplay } from "../../src/react/index.js";
import { connect, renderLive, unique } from "./gateway.js";
import { begin, counted, record } from "./recording.js";

async function ready(
  timeloom: Timeloom,
  id: string,
  breakpoints?: readonly Breakpoint[],
  initialSequence?: number,
) {
  const rendered = renderLive(
    (props: { breakpoints?: readonly Breakpoint[] }) =>
      useExecutionReplay(id, { ...props, ...(initialSequence && { initialSequence }) }),
    { timeloom, initialProps: breakpoints ? { breakpoints } : {} },
  );
  await waitFor(() => expect(rendered.result.current.status).toBe("ready"));
  return rendered;
}

test("it stands on the first snapshot with its state, and goes by steps and jumps", async () => {
  const timeloom = connect();
  const { result } = await ready(timeloom, await counted(timeloom, unique("agent"), 5));
  expect(result.current).toMatchObject({ sequence: 1, index: 0, snapshot: { stepName: "step 1" } });
  await waitFor(() => expect(result.current.current.data?.state).toEqual({ n: 1 }));
  act(() => result.current.stepForward());
  expect(result.current).toMatchObject({ sequence: 2, status: "paused" });
  act(() => result.current.jumpTo(5));
  await waitFor(() => expect(result.current.current.data?.state).toEqual({ n: 5 }));
  act(() => result.current.stepBackward());
  await waitFor(() => expect(result.current.current.data?.state).toEqual({ n: 4 }));
});

test("it plays to the end, forwards and back, and begins anew from there", async () => {
  const timeloom = connect();
  const { result } = await ready(timeloom, await counted(timeloom, unique("agent"), 4));
  act(() => result.current.setSpeed(100));
  expect(result.current.speed).toBe(8);
  act(() => result.current.play());
  expect(result.current.status).toBe("playing");
  await waitFor(() => expect(result.current).toMatchObject({ status: "completed", sequence: 4 }), {
    timeout: 10_000,
  });
  act(() => result.current.play({ isReverse: true }));
  await waitFor(() => expect(result.current).toMatchObject({ status: "completed", sequence: 1 }), {
    timeout: 10_000,
  });
});

test("it stops at a step, a changed path and an expression, and goes on from there", async () => {
  const timeloom = connect();
  const { id } = await begin(timeloom, unique("agent"));
  const states = [{ a: 1 }, { a: 1 }, { a: 2 }, { a: 2, sum: 7 }, { a: 2, sum: 9 }];
  await record(
    timeloom,
    id,
    states.map((state, place) => ({ stepName: `step ${place + 1}`, state })),
  );
  const breakpoints = [
    { stepName: "step 2" },
    { changedPath: "/a" },
    { expression: "has(state.sum) && state.sum > 8" },
  ];
  const { result } = await ready(timeloom, id, breakpoints);
  act(() => result.current.setSpeed(8));
  for (const [sequence, hits] of [
    [2, [0]],
    [3, [1]],
    [5, [2]],
  ]) {
    act(() => result.current.play());
    await waitFor(() => expect(result.current).toMatchObject({ status: "paused", sequence, hits }), {
      timeout: 10_000,
    });
  }
});

test("an expression that is none is an error, and mending it mends the playback", async () => {
  const timeloom = connect();
  const id = await counted(timeloom, unique("agent"), 3);
  const { result, rerender } = await ready(timeloom, id, [{ expression: "state.n >" }]);
  act(() => result.current.play());
  await waitFor(() =>
    expect(result.current.error).toMatchObject({ code: "INVALID_EXPRESSION", status: 422 }),
  );
  rerender({ breakpoints: [] });
  await waitFor(() =>
    expect(result.current).toMatchObject({ status: "paused", error: undefined, sequence: 1 }),
  );
});

test("what is recorded and rolled back meanwhile is on the way, or off it", async () => {
  const timeloom = connect();
  const id = await counted(timeloom, unique("agent"), 3);
  const { result } = await ready(timeloom, id, undefined, 3);
  expect(result.current.sequence).toBe(3);
  await record(timeloom, id, [{ stepName: "more", state: { n: 4 } }]);
  await waitFor(() => expect(result.current.snapshots.map((each) => each.sequence)).toEqual([1, 2, 3, 4]));
  expect(result.current).toMatchObject({ sequence: 3, status: "ready" });
  await timeloom.rest.POST("/api/agent-executions/{executionId}/rollback", {
    params: { path: { executionId: id } },
    body: { sequence: 2, expectedHeadSequence: 4 },
  });
  await waitFor(() => expect(result.current).toMatchObject({ sequence: 2 }));
  expect(result.current.snapshots.map((each) => each.sequence)).toEqual([1, 2]);
});
