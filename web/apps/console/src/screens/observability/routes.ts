import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { type RangeSearch, readRangeSearch } from "./shared/filter";

type Search = Readonly<Record<string, unknown>>;

/** A value of a search that is one of some words; undefined if it is none, or the first, which is the default. */
function oneOf<const Word extends string>(
  value: unknown,
  words: readonly [Word, ...Word[]],
): Word | undefined {
  return words.find((each, at) => at > 0 && each === value);
}

function text<const Name extends string>(search: Search, name: Name): { readonly [N in Name]?: string } {
  const value = search[name];
  return (typeof value === "string" && value !== "" ? { [name]: value } : {}) as {
    readonly [N in Name]?: string;
  };
}

function defined<Found extends object>(found: Found): { [K in keyof Found]?: Exclude<Found[K], undefined> } {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as never;
}

export const SCOPES = ["traces", "agents", "models", "tools"] as const;
export const GROUPS = ["model", "agent_id", "tool_name", "service_name", "user_id", "name"] as const;
export const EVENT_ORDERS = [
  "start_time desc",
  "start_time",
  "duration desc",
  "cost desc",
  "tokens desc",
] as const;
export const SEARCH_MODES = ["both", "words", "meaning"] as const;

export const ALERT_TABS = ["alerts", "rules"] as const;

export type EventOrder = (typeof EVENT_ORDERS)[number];

export interface DashboardSearch extends RangeSearch {
  readonly scope?: (typeof SCOPES)[number];
  readonly by?: (typeof GROUPS)[number];
  readonly compare?: boolean;
}

const dashboard = createRoute({
  getParentRoute: () => rootRoute,
  path: "/observability",
  validateSearch: (search: Search): DashboardSearch => ({
    ...readRangeSearch(search),
    ...defined({ scope: oneOf(search.scope, SCOPES), by: oneOf(search.by, GROUPS) }),
    ...(search.compare === true && { compare: true }),
  }),
  component: lazyRouteComponent(() => import("./dashboard/DashboardPage"), "DashboardPage"),
});

export interface EventsSearch extends RangeSearch {
  readonly order?: EventOrder;
  readonly live?: boolean;
  /** The event whose details are shown. */
  readonly event?: string;
}

const events = createRoute({
  getParentRoute: () => rootRoute,
  path: "/observability/events",
  validateSearch: (search: Search): EventsSearch => ({
    ...readRangeSearch(search),
    ...defined({ order: oneOf(search.order, EVENT_ORDERS) }),
    ...(search.live === true && { live: true }),
    ...text(search, "event"),
  }),
  component: lazyRouteComponent(() => import("./events/EventsPage"), "EventsPage"),
});

export interface EventSearchSearch extends RangeSearch {
  readonly q?: string;
  readonly mode?: (typeof SEARCH_MODES)[number];
  readonly event?: string;
}

const search = createRoute({
  getParentRoute: () => rootRoute,
  path: "/observability/search",
  validateSearch: (search: Search): EventSearchSearch => ({
    ...readRangeSearch(search),
    ...text({ q: typeof search.q === "number" ? String(search.q) : search.q }, "q"),
    ...defined({ mode: oneOf(search.mode, SEARCH_MODES) }),
    ...text(search, "event"),
  }),
  component: lazyRouteComponent(() => import("./search/SearchPage"), "SearchPage"),
});

/** What of a filter holds for traces, too. */
export interface TracesSearch extends RangeSearch {
  readonly q?: string;
  readonly order?: EventOrder;
}

const traces = createRoute({
  getParentRoute: () => rootRoute,
  path: "/observability/traces",
  validateSearch: (search: Search): TracesSearch => ({
    ...readRangeSearch(search),
    ...text({ q: typeof search.q === "number" ? String(search.q) : search.q }, "q"),
    ...defined({ order: oneOf(search.order, EVENT_ORDERS) }),
  }),
  component: lazyRouteComponent(() => import("./traces/TracesPage"), "TracesPage"),
});

export interface TraceSearch {
  /** The event that is looked at. */
  readonly event?: string;
  /** What spans are searched for. */
  readonly q?: string;
}

const trace = createRoute({
  getParentRoute: () => rootRoute,
  path: "/observability/traces/$traceId",
  validateSearch: (search: Search): TraceSearch => ({ ...text(search, "event"), ...text(search, "q") }),
  component: lazyRouteComponent(() => import("./trace/TracePage"), "TracePage"),
});

const sessions = createRoute({
  getParentRoute: () => rootRoute,
  path: "/observability/sessions",
  validateSearch: (search: Search): { readonly user?: string } => text(search, "user"),
  component: lazyRouteComponent(() => import("./sessions/SessionsPage"), "SessionsPage"),
});

export interface AlertsSearch {
  readonly tab?: (typeof ALERT_TABS)[number];
  /** The alert that is looked at. */
  readonly alert?: string;
  /** The rule that is edited; `new` for one that is made. */
  readonly rule?: string;
}

const alerts = createRoute({
  getParentRoute: () => rootRoute,
  path: "/observability/alerts",
  validateSearch: (search: Search): AlertsSearch => ({
    ...defined({ tab: oneOf(search.tab, ALERT_TABS) }),
    ...text(search, "alert"),
    ...text(search, "rule"),
  }),
  component: lazyRouteComponent(() => import("./alerts/AlertsPage"), "AlertsPage"),
});

export const observabilityRoutes = [dashboard, events, search, traces, trace, sessions, alerts] as const;
