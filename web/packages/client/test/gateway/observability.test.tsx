import { act, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Timeloom } from "../../src/index.js";
import {
  useAlertControls,
  useAlertRules,
  useEventFacets,
  useEventSearch,
  useMetrics,
  useObservabilityEvent,
  useObservabilityEvents,
  usePrices,
  useTelemetryStats,
  useTrace,
  useTraces,
} from "../../src/react/index.js";
import { API_KEY, connect, OTLP_URL, renderLive, unique } from "./gateway.js";

async function report(timeloom: Timeloom, agentId: string, names: readonly string[], more: object = {}) {
  const events = names.map((name) => ({ name, agentId, kind: "LLM" as const, ...more }));
  const { data } = await timeloom.rest.POST("/api/observability/events", { body: { events } });
  return data?.eventIds ?? [];
}

const hex = (length: number) => crypto.randomUUID().replaceAll("-", "").slice(0, length);

interface Span {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** Sends spans of one trace as OpenTelemetry does. */
async function trace(traceId: string, sessionId: string, spans: readonly Span[]): Promise<void> {
  const now = `${Date.now()}000000`;
  const attributes = [{ key: "session.id", value: { stringValue: sessionId } }];
  const sent = spans.map((span) => ({
    traceId,
    kind: 1,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    attributes,
    ...span,
  }));
  const response = await fetch(`${OTLP_URL}/v1/traces`, {
    method: "POST",
    headers: { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: sent }] }] }),
  });
  expect(response.status).toBe(200);
}

test("events are listed and followed, and a pause holds back what arrives", async () => {
  const timeloom = connect();
  const agentId = unique("agent");
  await report(timeloom, agentId, ["old"]);
  const { result } = renderLive(() => useObservabilityEvents({ filter: { agentIds: [agentId] } }), {
    timeloom,
  });
  const names = () => result.current.events.map(({ name }) => name);
  await waitFor(() => expect(names()).toEqual(["old"]));
  await report(timeloom, agentId, ["new"]);
  await waitFor(() => expect(names()).toEqual(["new", "old"]));
  act(() => result.current.pause());
  await report(timeloom, agentId, ["held"]);
  await waitFor(() => expect(result.current.waitingCount).toBe(1));
  act(() => result.current.resume());
  expect(names()).toEqual(["held", "new", "old"]);
  expect(result.current).toMatchObject({ isPaused: false, waitingCount: 0, droppedCount: 0 });
});

test("a filter that cannot be followed says so, and lists all the same", async () => {
  const filter = { attributes: ["a=b"] };
  const { result } = renderLive(() => useObservabilityEvents({ filter }));
  await waitFor(() => expect(result.current.liveError).toMatchObject({ code: "INVALID_FIELD" }));
  await waitFor(() => expect(result.current.list.data).toEqual([]));
});

test("a trace has its spans as a tree, and the list of traces follows", async () => {
  const timeloom = connect();
  const sessionId = unique("session");
  const { result } = renderLive(() => useTraces({ sessionId }), { timeloom });
  await waitFor(() => expect(result.current.data).toEqual([]));
  const [traceId, root, child] = [hex(32), hex(16), hex(16)];
  await trace(traceId, sessionId, [
    { name: "answer", spanId: root },
    { name: "ask", spanId: child, parentSpanId: root },
  ]);
  await waitFor(() =>
    expect(result.current.data).toMatchObject([{ id: traceId, name: "answer", spanCount: 2 }]),
  );
  const one = renderLive(() => useTrace(traceId), { timeloom }).result;
  await waitFor(() =>
    expect(one.current.data?.spans.map(({ depth, event }) => [depth, event?.name])).toEqual([
      [0, "answer"],
      [1, "ask"],
    ]),
  );
  expect(one.current.data?.trace).toEqual(result.current.data?.[0]);
});

test("events are counted, measured and shown one by one", async () => {
  const timeloom = connect();
  const agentId = unique("agent");
  const [eventId = ""] = await report(timeloom, agentId, ["a", "b"], {
    model: "gpt-5",
    input: { question: "why" },
  });
  const filter = { agentIds: [agentId] };
  const { result } = renderLive(
    () => ({
      facets: useEventFacets({ filter, fields: ["model"] }),
      metrics: useMetrics({ filter, metrics: ["COUNT", "ERROR_RATE"] }),
      event: useObservabilityEvent(eventId),
      stats: useTelemetryStats(),
    }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.facets.data).toMatchObject({ count: 2, isCut: false }));
  await waitFor(() => expect(result.current.metrics.data?.series).toHaveLength(1));
  await waitFor(() =>
    expect(result.current.event.data).toMatchObject({ id: eventId, input: { question: "why" } }),
  );
  await waitFor(() => expect(result.current.stats.data?.eventCount).toBeGreaterThanOrEqual(2));
});

test("events are found by their words, once they are indexed", async () => {
  const timeloom = connect();
  const agentId = unique("agent");
  const word = unique("zebra").replaceAll("-", "");
  const [eventId] = await report(timeloom, agentId, ["talk"], { message: `A ${word} was seen.` });
  const { result } = renderLive(
    () =>
      useEventSearch(
        { query: word, filter: { agentIds: [agentId] }, mode: "WORDS" },
        { refetchInterval: 100 },
      ),
    { timeloom },
  );
  await waitFor(() => expect(result.current.data?.matches[0]?.event?.id).toBe(eventId), { timeout: 15_000 });
  expect(result.current.data?.matches[0]).toMatchObject({ wordRank: 1, words: [word] });
});

test("rules of alerts and prices are kept and taken away", async () => {
  const timeloom = connect();
  const name = unique("rule");
  const { result } = renderLive(
    () => ({ rules: useAlertRules(), alerts: useAlertControls(), prices: usePrices({ model: name }) }),
    { timeloom },
  );
  await waitFor(() => expect(result.current.rules.isSuccess).toBe(true));
  const rule = await act(() =>
    result.current.alerts.createRule.mutateAsync({
      rule: {
        name,
        metric: "ERROR_RATE",
        comparison: "ABOVE",
        threshold: 0.5,
        windowSeconds: 300,
      },
    }),
  );
  await waitFor(() => expect(result.current.rules.data).toContainEqual(rule));
  await act(() => result.current.alerts.removeRule.mutateAsync({ ruleId: rule.id }));
  await waitFor(() => expect(result.current.rules.data).not.toContainEqual(rule));
  const price = await act(() =>
    result.current.prices.create.mutateAsync({ model: name, inputPerMillion: 2 }),
  );
  await waitFor(() => expect(result.current.prices.list.data).toEqual([price]));
  await act(() => result.current.prices.remove.mutateAsync({ priceId: price.id }));
  await waitFor(() => expect(result.current.prices.list.data).toEqual([]));
});
