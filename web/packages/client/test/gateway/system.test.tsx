import { act, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { createTimeloom, TimeloomError } from "../../src/index.js";
import {
  useApi,
  useApiKeys,
  useCaller,
  useHealth,
  useLiveStatus,
  useMigration,
  useMigrations,
  useRetentionPolicy,
  useTelemetryRetention,
} from "../../src/react/index.js";
import { API_KEY, connect, renderLive, URL_OF_GATEWAY, unique } from "./gateway.js";

test("Timeloom is ready, and says who calls", async () => {
  const { result } = renderLive(() => ({ health: useHealth(), caller: useCaller(), live: useLiveStatus() }));
  await waitFor(() => expect(result.current.health.data).toEqual({ status: "ready", missing: {} }));
  await waitFor(() => expect(result.current.caller.data).toMatchObject({ scope: "ADMIN", agentId: "" }));
  await waitFor(() => expect(result.current.live).toBe("open"));
});

test("a gateway that is not there cannot be reached", async () => {
  const timeloom = createTimeloom({ url: "http://127.0.0.1:9", apiKey: "tl_none" });
  const { result } = renderLive(() => useHealth(), { timeloom });
  await waitFor(() =>
    expect(result.current.error).toMatchObject({ code: "UNREACHABLE", status: 0, isRetriable: true }),
  );
  timeloom.live.close();
});

test("an answer that takes too long is given up", async () => {
  const timeloom = createTimeloom({
    url: URL_OF_GATEWAY,
    apiKey: API_KEY,
    timeoutSeconds: 0.05,
    fetch: (request) => new Promise((_, reject) => request.signal.addEventListener("abort", reject)),
  });
  await expect(timeloom.rest.GET("/api/caller")).rejects.toMatchObject({
    code: "TIMEOUT",
    isRetriable: true,
  });
});

test("a wrong key is refused", async () => {
  const timeloom = createTimeloom({ url: URL_OF_GATEWAY, apiKey: "tl_wrong" });
  const refusal = await timeloom.rest.GET("/api/caller").catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(TimeloomError);
  expect(refusal).toMatchObject({ status: 401, name: "TimeloomError" });
});

test("API keys are created with their secret, rotated and revoked", async () => {
  const name = unique("key");
  const { result } = renderLive(() => useApiKeys());
  const mine = () => result.current.list.data?.filter((each) => each.name === name) ?? [];
  await waitFor(() => expect(result.current.list.isSuccess).toBe(true));
  const created = await act(() => result.current.create.mutateAsync({ name, scope: "READ" }));
  expect(created.secret).toMatch(/^tl_/);
  await waitFor(() => expect(mine()).toEqual([created.apiKey]));
  const rotated = await act(() => result.current.rotate.mutateAsync({ apiKeyId: created.apiKey?.id ?? "" }));
  expect(rotated.secret).not.toBe(created.secret);
  await act(() => result.current.revoke.mutateAsync({ apiKeyId: rotated.apiKey?.id ?? "" }));
  await waitFor(() => expect(mine().every(({ revokeTime }) => revokeTime !== undefined)).toBe(true));
});

test("how long things are kept is told and changed", async () => {
  const { result } = renderLive(() => ({
    snapshots: useRetentionPolicy(),
    telemetry: useTelemetryRetention(),
  }));
  await waitFor(() => expect(result.current.snapshots.retention.isSuccess).toBe(true));
  await act(() => result.current.telemetry.update.mutateAsync({ days: 36_000, metricDays: 0 }));
  await waitFor(() =>
    expect(result.current.telemetry.retention.data).toEqual({ days: 36_000, metricDays: 0 }),
  );
  await act(() => result.current.telemetry.update.mutateAsync({ days: 0, metricDays: 0 }));
});

test("a migration that is not there is an error; the list is empty or not", async () => {
  const { result } = renderLive(() => ({
    one: useMigration("019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e47"),
    all: useMigrations({ statuses: ["ROLLED_BACK"] }),
  }));
  await waitFor(() => expect(result.current.one.migration.error?.status).toBe(404));
  await waitFor(() => expect(result.current.all.isSuccess).toBe(true));
});

test("every path has typed queries, and errors are what is thrown", async () => {
  const timeloom = connect();
  const { result } = renderLive(
    () =>
      useApi().useQuery(
        "get",
        "/api/tasks/{taskId}",
        { params: { path: { taskId: "none" } } },
        { retry: false },
      ),
    { timeloom },
  );
  await waitFor(() => expect(result.current.error?.status).toBe(400));
  expect(result.current.error?.violation("taskId")).toContain("UUID");
});
