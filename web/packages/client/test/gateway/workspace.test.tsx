import { act, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { useEnvironments, usePreferences, useTask, useTasks } from "../../src/react/index.js";
import { connect, renderLive, unique } from "./gateway.js";

test("tasks are listed, created, moved and deleted, here and elsewhere", async () => {
  const timeloom = connect();
  const repository = unique("repository");
  const { result } = renderLive(() => useTasks({ repository }), { timeloom });
  await waitFor(() => expect(result.current.list.data).toEqual([]));
  const task = await act(() => result.current.create.mutateAsync({ title: "Paint", repository }));
  await waitFor(() => expect(result.current.list.data).toEqual([task]));
  await act(() => result.current.update.mutateAsync({ taskId: task.id, status: "IN_PROGRESS" }));
  await waitFor(() =>
    expect(result.current.list.data).toMatchObject([{ id: task.id, status: "IN_PROGRESS" }]),
  );
  const one = renderLive(() => useTask(task.id), { timeloom }).result;
  await waitFor(() => expect(one.current.data?.title).toBe("Paint"));
  await timeloom.rest.PATCH("/api/tasks/{taskId}", {
    params: { path: { taskId: task.id } },
    body: { title: "Polish" },
  });
  await waitFor(() =>
    expect([one.current.data?.title, result.current.list.data?.[0]?.title]).toEqual(["Polish", "Polish"]),
  );
  await act(() => result.current.remove.mutateAsync({ taskId: task.id }));
  await waitFor(() => expect(result.current.list.data).toEqual([]));
});

test("a change shows at once, and goes back if it is refused", async () => {
  const timeloom = connect();
  const repository = unique("repository");
  const seen = new Set<number | undefined>();
  const { result } = renderLive(
    () => {
      const tasks = useTasks({ repository });
      seen.add(tasks.list.data?.[0]?.title.length);
      return tasks;
    },
    { timeloom },
  );
  const task = await act(() => result.current.create.mutateAsync({ title: "Paint", repository }));
  await waitFor(() => expect(result.current.list.data).toEqual([task]));
  act(() => result.current.update.mutate({ taskId: task.id, title: "x".repeat(10_000) }));
  await waitFor(() => expect(result.current.update.error).toMatchObject({ status: 400 }));
  await waitFor(() => expect(result.current.list.data).toEqual([task]));
  expect(seen).toContain(10_000);
});

test("environments and preferences are kept", async () => {
  const name = unique("environment");
  const { result } = renderLive(() => ({
    environments: useEnvironments({ name }),
    preferences: usePreferences({ key: name }),
  }));
  await waitFor(() => expect(result.current.environments.list.data).toEqual([]));
  const environment = await act(() => result.current.environments.create.mutateAsync({ name }));
  await waitFor(() => expect(result.current.environments.list.data).toEqual([environment]));
  const preference = await act(() =>
    result.current.preferences.create.mutateAsync({ key: name, value: { dark: true } }),
  );
  await waitFor(() => expect(result.current.preferences.list.data).toEqual([preference]));
  await act(() =>
    result.current.preferences.update.mutateAsync({ preferenceId: preference.id, value: { dark: false } }),
  );
  await waitFor(() =>
    expect(result.current.preferences.list.data).toMatchObject([{ value: { dark: false } }]),
  );
});
