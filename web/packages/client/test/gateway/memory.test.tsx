import { act, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import {
  useAgentMemory,
  useGrants,
  useMemory,
  useMemoryContext,
  useMemoryControls,
  useMemoryHistory,
  useMemorySearch,
  useNamespaces,
  useSharing,
} from "../../src/react/index.js";
import { connect, renderLive, unique } from "./gateway.js";

test("memories are listed, created, changed, put away and deleted", async () => {
  const namespace = unique("notes");
  const { result } = renderLive(() => useAgentMemory({ namespaces: [namespace] }));
  await waitFor(() => expect(result.current.list.data).toEqual([]));
  const created = await act(() =>
    result.current.create.mutateAsync({
      namespace,
      content: "Lisbon is hilly.",
      kind: "KNOWLEDGE",
      tags: ["city"],
    }),
  );
  await waitFor(() => expect(result.current.list.data).toEqual([created]));
  await act(() => result.current.update.mutateAsync({ memoryId: created.id, importance: 9 }));
  await waitFor(() =>
    expect(result.current.list.data).toMatchObject([{ id: created.id, importance: 9, version: 2 }]),
  );
  await act(() =>
    result.current.archive.mutateAsync({ filter: { memoryIds: [created.id] }, reason: "done" }),
  );
  await waitFor(() => expect(result.current.list.data).toEqual([]));
  await act(() => result.current.unarchive.mutateAsync({ filter: { memoryIds: [created.id] } }));
  await waitFor(() => expect(result.current.list.data).toHaveLength(1));
  await act(() => result.current.remove.mutateAsync({ memoryId: created.id, reason: "no more" }));
  await waitFor(() => expect(result.current.list.data).toEqual([]));
  await act(() => result.current.restore.mutateAsync({ memoryId: created.id }));
  await waitFor(() => expect(result.current.list.data).toHaveLength(1));
});

test("what others write comes into the list, filtered by nested filters", async () => {
  const timeloom = connect();
  const namespace = unique("notes");
  const { result } = renderLive(
    () => useAgentMemory({ namespaces: [namespace], filter: { kinds: ["SKILL"] } }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.list.data).toEqual([]));
  for (const kind of ["SKILL", "KNOWLEDGE"] as const) {
    await timeloom.rest.POST("/api/agent-memory", { body: { namespace, content: `A ${kind}.`, kind } });
  }
  await waitFor(() => expect(result.current.list.data?.map(({ content }) => content)).toEqual(["A SKILL."]));
});

test("a memory is searched for with reasons, and put into a context", async () => {
  const timeloom = connect();
  const namespace = unique("notes");
  const { data: memory } = await timeloom.rest.POST("/api/agent-memory", {
    body: { namespace, content: "The harbour pilot drinks green tea." },
  });
  const search = {
    query: "who drinks tea",
    namespaces: [namespace],
    minSequence: memory?.sequence,
    explain: true,
  };
  const { result } = renderLive(
    () => ({ found: useMemorySearch(search), context: useMemoryContext({ search, maxTokens: 200 }) }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.found.data?.results[0]?.memory?.id).toBe(memory?.id));
  await waitFor(() => expect(result.current.context.data?.text).toContain("green tea"));
});

test("nothing is searched for without words", () => {
  const { result } = renderLive(() => useMemorySearch({ query: "" }));
  expect(result.current.fetchStatus).toBe("idle");
});

test("a memory and its versions are read anew when it changes", async () => {
  const timeloom = connect();
  const { data: memory } = await timeloom.rest.POST("/api/agent-memory", {
    body: { namespace: unique("notes"), content: "First." },
  });
  const memoryId = memory?.id ?? "";
  const { result } = renderLive(
    () => ({
      memory: useMemory(memoryId),
      history: useMemoryHistory(memoryId),
      controls: useMemoryControls(),
    }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.memory.data).toEqual(memory));
  await timeloom.rest.PATCH("/api/agent-memory/{memoryId}", {
    params: { path: { memoryId } },
    body: { content: "Second." },
  });
  await waitFor(() => expect(result.current.memory.data?.content).toBe("Second."));
  await waitFor(() =>
    expect(result.current.history.data?.map(({ change, memory: each }) => [change, each?.content])).toEqual([
      ["UPDATED", "Second."],
      ["CREATED", "First."],
    ]),
  );
});

test("a namespace appears with its first memory, and is shared and unshared", async () => {
  const timeloom = connect();
  const namespace = unique("shared");
  const { result } = renderLive(
    () => ({
      all: useNamespaces({ prefix: namespace }),
      grants: useGrants({ namespace }),
      sharing: useSharing(),
    }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.all.data).toEqual([]));
  await timeloom.rest.POST("/api/agent-memory", { body: { namespace, content: "x" } });
  await waitFor(() => expect(result.current.all.data).toMatchObject([{ name: namespace, memoryCount: 1 }]));
  await act(() =>
    result.current.sharing.share.mutateAsync({ namespace, principal: "agent/reader", permission: "READ" }),
  );
  await waitFor(() =>
    expect(result.current.grants.data).toMatchObject([
      { namespace, principal: "agent/reader", permission: "READ" },
    ]),
  );
  const grantId = result.current.grants.data?.[0]?.id ?? "";
  await act(() => result.current.sharing.revoke.mutateAsync({ grantId }));
  await waitFor(() => expect(result.current.grants.data).toEqual([]));
});
