import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { TimeloomError } from "../problem.js";
import type { Answer, Fields, Filter, Query } from "../rest.js";
import type {
  Alert,
  AlertRule,
  EventFilter,
  Price,
  Retention,
  Score,
  TelemetryEvent,
  TelemetrySession,
  Trace,
  TraceSpan,
} from "../types.js";
import {
  type Action,
  type Listing,
  type Reading,
  type ReadOptions,
  useAction,
  useAsk,
  usePages,
  usePagesAs,
  useRead,
} from "./queries.js";

const EVENTS = "/api/observability/events";
const TRACE = "/api/observability/traces/{traceId}";
const ALERTS = "/api/observability/alerts";
const RULES = "/api/observability/alert-rules";
const RULE = "/api/observability/alert-rules/{ruleId}";
const SCORES = "/api/observability/scores";
const PRICES = "/api/observability/prices";
const RETENTION = "/api/observability/retention";

/** Which events a list has, and in what order. */
export type EventListFilter = Filter<typeof EVENTS>;
/** Which metrics, of which events, by what, in which steps. */
export type MetricsQuery = Query<"/api/observability/events/metrics">;

/** Lists events of telemetry, newest first unless the filter says otherwise. `useObservabilityEvents` also follows them. */
export function useEventList(query: EventListFilter = {}, options?: ReadOptions): Listing<TelemetryEvent> {
  return usePages(EVENTS, "events", { query }, options);
}

/** One event with everything that is known of it. */
export function useObservabilityEvent(eventId: string, options?: ReadOptions): Reading<TelemetryEvent> {
  return useRead(
    "/api/observability/events/{eventId}",
    { path: { eventId } },
    { enabled: eventId !== "", ...options },
  );
}

/** How many events of a filter there are by the values of fields, and how long they took. */
export function useEventFacets(
  query: Query<"/api/observability/events/facets"> = {},
  options?: ReadOptions,
): Reading<Answer<"/api/observability/events/facets">> {
  return useRead("/api/observability/events/facets", { query }, options);
}

/** Metrics of events over time: rates, errors, percentiles, tokens, costs. Read anew when telemetry arrives. */
export function useMetrics(
  query: MetricsQuery,
  options?: ReadOptions,
): Reading<Answer<"/api/observability/events/metrics">> {
  return useRead("/api/observability/events/metrics", { query }, options);
}

/** Finds events by words and by meaning, best first, with the reasons. Asks nothing without words. */
export function useEventSearch(
  search: Fields<"/api/observability/events/search"> & { readonly filter?: EventFilter },
  options?: ReadOptions,
): Reading<Answer<"/api/observability/events/search", "post">> {
  return useAsk("/api/observability/events/search", search, { enabled: search.query !== "", ...options });
}

/** Lists traces, newest first unless the filter says otherwise. Read anew when telemetry arrives. */
export function useTraces(
  query: Filter<"/api/observability/traces"> = {},
  options?: ReadOptions,
): Listing<Trace> {
  return usePages("/api/observability/traces", "traces", { query }, options);
}

/** A trace with its spans in the order of a tree. */
export interface TraceDetail {
  readonly trace: Trace | undefined;
  /** The spans that were read yet; `fetchNextPage` reads on. */
  readonly spans: readonly TraceSpan[];
  readonly scores: readonly Score[];
}

/** How many spans of a trace are read at once. */
export const TRACE_SPANS_PAGE = 5_000;

/** A trace with its spans, each after its parent. Read anew when telemetry of it arrives. */
export function useTrace(
  traceId: string,
  options?: ReadOptions,
): UseInfiniteQueryResult<TraceDetail, TimeloomError> {
  const place = { path: { traceId }, query: { pageSize: TRACE_SPANS_PAGE } };
  return usePagesAs(TRACE, place, toDetail, { enabled: traceId !== "", ...options });
}

function toDetail({ pages }: InfiniteData<Answer<typeof TRACE>>): TraceDetail {
  return {
    trace: pages[0]?.trace,
    spans: pages.flatMap((page) => page.spans),
    scores: pages[0]?.scores ?? [],
  };
}

/** Lists conversations, the one that went on last first. */
export function useTelemetrySessions(
  query: Filter<"/api/observability/sessions"> = {},
  options?: ReadOptions,
): Listing<TelemetrySession> {
  return usePages("/api/observability/sessions", "sessions", { query }, options);
}

/** How much telemetry there is, and how much of it can be searched yet. */
export function useTelemetryStats(options?: ReadOptions): Reading<Answer<"/api/observability/stats">> {
  return useRead("/api/observability/stats", {}, options);
}

/** Lists alerts, newest first. Read anew when one fires or is resolved. */
export function useAlerts(query: Filter<typeof ALERTS> = {}, options?: ReadOptions): Listing<Alert> {
  return usePages(ALERTS, "alerts", { query }, options);
}

/** The rules by which alerts fire. */
export function useAlertRules(options?: ReadOptions): Listing<AlertRule> {
  return usePages(RULES, "rules", {}, options);
}

type RuleEdit = { readonly ruleId: string } & Fields<typeof RULE, "put">;

/** What can be done to alerts and their rules. */
export function useAlertControls() {
  const effects = { stale: [ALERTS, RULES] };
  return {
    acknowledge: useAction(
      "post",
      "/api/observability/alerts/{alertId}:acknowledge",
      ({ alertId }: { readonly alertId: string }) => ({ params: { path: { alertId } }, body: {} }),
      effects,
    ),
    createRule: useAction("post", RULES, (body: Fields<typeof RULES>) => ({ body }), effects),
    updateRule: useAction(
      "put",
      RULE,
      ({ ruleId, ...body }: RuleEdit) => ({ params: { path: { ruleId } }, body }),
      effects,
    ),
    removeRule: useAction(
      "delete",
      RULE,
      ({ ruleId }: { readonly ruleId: string }) => ({ params: { path: { ruleId } } }),
      effects,
    ),
    /** Tells what a rule would have made of the past. */
    testRule: useAction(
      "post",
      "/api/observability/alert-rules:test",
      (body: Fields<"/api/observability/alert-rules:test">) => ({ body }),
      { stale: [] },
    ),
  };
}

/** Scores that were given to traces, executions or sessions. Read anew when one is given. */
export function useScores(query: Filter<typeof SCORES> = {}, options?: ReadOptions): Listing<Score> {
  return usePages(SCORES, "scores", { query }, options);
}

/** What models cost, and changes of that. */
export function usePrices(query: Filter<typeof PRICES> = {}, options?: ReadOptions) {
  return {
    list: usePages(PRICES, "prices", { query }, options),
    create: useAction("post", PRICES, (body: Fields<typeof PRICES>) => ({ body }), { stale: [PRICES] }),
    remove: useAction(
      "delete",
      "/api/observability/prices/{priceId}",
      ({ priceId }: { readonly priceId: string }) => ({ params: { path: { priceId } } }),
      { stale: [PRICES] },
    ),
  } satisfies { readonly list: Listing<Price>; readonly [name: string]: unknown };
}

/** How long telemetry is kept. */
export function useTelemetryRetention(options?: ReadOptions): {
  readonly retention: Reading<Retention>;
  readonly update: Action<Fields<typeof RETENTION, "put">, Retention>;
} {
  return {
    retention: useRead(RETENTION, {}, options),
    update: useAction("put", RETENTION, (body) => ({ body }), { stale: [RETENTION] }),
  };
}
