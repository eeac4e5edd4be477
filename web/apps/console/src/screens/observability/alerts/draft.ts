import type { AlertRule, EventFilter, Schemas } from "@timeloom/client";

type RuleInput = Schemas["AlertRuleInput"];
export type AlertMetric = RuleInput["metric"];
export type AlertComparison = RuleInput["comparison"];

/** Whom to tell, as a form has it. */
export interface ActionDraft {
  /** Tells rows apart, and is not kept. */
  readonly key: number;
  readonly kind: "webhook" | "event";
  /** The address of a webhook, or the name of an event. */
  readonly target: string;
  /** Signs what a webhook is sent; empty to keep the one that is there. */
  readonly secret: string;
  readonly hasSecret: boolean;
}

/** A rule as a form has it: shares are percents, and numbers may be missing. */
export interface RuleDraft {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly metric: AlertMetric;
  readonly comparison: AlertComparison;
  readonly threshold: number | "";
  readonly recovery: number | "";
  readonly windowSeconds: number;
  readonly forSeconds: number;
  readonly eventCountMin: number | "";
  readonly severity: AlertRule["severity"];
  readonly groupBy: readonly string[];
  readonly filter: EventFilter;
  readonly actions: readonly ActionDraft[];
}

export const NEW_DRAFT: RuleDraft = {
  name: "",
  description: "",
  enabled: true,
  metric: "ERROR_RATE",
  comparison: "ABOVE",
  threshold: 5,
  recovery: "",
  windowSeconds: 3_600,
  forSeconds: 0,
  eventCountMin: 20,
  severity: "WARN",
  groupBy: [],
  filter: { rootsOnly: true, types: ["SPAN"] },
  actions: [],
};

/** What a rule reckons; one that is kept always says so. */
export function metricOf({ metric }: Pick<AlertRule, "metric">): AlertMetric {
  return metric === "UNSPECIFIED" ? "COUNT" : metric;
}

/** How a rule compares; one that is kept always says so. */
export function comparisonOf({ comparison }: Pick<AlertRule, "comparison">): AlertComparison {
  return comparison === "UNSPECIFIED" ? "ABOVE" : comparison;
}

/** Whether the numbers of a rule are shares, which people write as percents. */
export function isShare(metric: AlertMetric, comparison: AlertComparison): boolean {
  return metric === "ERROR_RATE" || isRelative(comparison);
}

/** Whether a rule holds a window against the one before. */
export function isRelative(comparison: AlertComparison): boolean {
  return comparison === "RISES_BY" || comparison === "FALLS_BY";
}

/** The form of a rule that is there. */
export function draftOf(rule: AlertRule): RuleDraft {
  const factor = isShare(metricOf(rule), comparisonOf(rule)) ? 100 : 1;
  return {
    name: rule.name,
    description: rule.description,
    enabled: rule.enabled,
    metric: metricOf(rule),
    comparison: comparisonOf(rule),
    threshold: scaled(Number(rule.threshold), factor),
    recovery: rule.recoveryThreshold === undefined ? "" : scaled(Number(rule.recoveryThreshold), factor),
    windowSeconds: rule.windowSeconds,
    forSeconds: rule.forSeconds,
    eventCountMin: rule.eventCountMin || "",
    severity: rule.severity,
    groupBy: rule.groupBy,
    filter: (rule.filter ?? {}) as EventFilter,
    actions: rule.actions.map((action, key) => ({
      key,
      kind: action.webhook === undefined ? "event" : "webhook",
      target: action.webhook?.url ?? action.event?.name ?? "",
      secret: "",
      hasSecret: action.webhook?.hasSecret ?? false,
    })),
  };
}

// 0.07 * 100 is 7.000000000000001.
function scaled(value: number, factor: number): number {
  return Number((value * factor).toPrecision(12));
}

/** The rule that a form says. */
export function ruleOf(draft: RuleDraft): RuleInput {
  const factor = isShare(draft.metric, draft.comparison) ? 0.01 : 1;
  const filter = Object.entries(draft.filter).filter(
    ([, value]) => value !== undefined && value !== "" && (!Array.isArray(value) || value.length > 0),
  );
  return {
    name: draft.name.trim(),
    description: draft.description.trim(),
    enabled: draft.enabled,
    metric: draft.metric,
    comparison: draft.comparison,
    threshold: draft.threshold === "" ? 0 : scaled(draft.threshold, factor),
    windowSeconds: draft.windowSeconds,
    forSeconds: draft.forSeconds,
    eventCountMin: draft.eventCountMin === "" ? 0 : draft.eventCountMin,
    severity: draft.severity,
    groupBy: [...draft.groupBy] as NonNullable<RuleInput["groupBy"]>,
    filter: Object.fromEntries(filter) as EventFilter,
    actions: draft.actions.map((action) =>
      action.kind === "event"
        ? { event: { name: action.target.trim() } }
        : { webhook: { url: action.target.trim(), secret: action.secret, hasSecret: action.hasSecret } },
    ),
    ...(draft.recovery !== "" && { recoveryThreshold: scaled(draft.recovery, factor) }),
  };
}

/** What is wrong with a form, by the names of the rule's fields. */
export function problemsOf(draft: RuleDraft): Readonly<Record<string, string>> {
  const problems: Record<string, string> = {};
  if (draft.name.trim() === "") problems.name = "must not be empty";
  if (draft.threshold === "") problems.threshold = "must be a number";
  if (draft.recovery !== "" && draft.threshold !== "") {
    const goesUp = draft.comparison === "ABOVE" || draft.comparison === "RISES_BY";
    if (goesUp && draft.recovery > draft.threshold)
      problems.recoveryThreshold = "must not be above the threshold";
    if (!goesUp && draft.comparison === "BELOW" && draft.recovery < draft.threshold) {
      problems.recoveryThreshold = "must not be below the threshold";
    }
  }
  for (const [at, action] of draft.actions.entries()) {
    const target = action.target.trim();
    if (action.kind === "event" && target === "") problems[`actions[${at}].event.name`] = "must not be empty";
    if (action.kind === "webhook" && !/^https?:\/\/.+/.test(target)) {
      problems[`actions[${at}].webhook.url`] = "must begin with https:// or http://";
    }
  }
  return problems;
}
