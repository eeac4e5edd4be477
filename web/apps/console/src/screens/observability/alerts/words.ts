import type { AlertRule } from "@timeloom/client";
import { formatCost, formatCount, formatDuration, formatShare } from "../../../ui/format";
import { FIELD_LABELS, FIELD_OF_FACET } from "../shared/filter";
import { type AlertComparison, type AlertMetric, comparisonOf, isRelative, metricOf } from "./draft";

export const METRIC_LABELS: Readonly<Record<AlertMetric, string>> = {
  ERROR_RATE: "Share that failed",
  ERROR_COUNT: "Failures",
  COUNT: "Events",
  RATE: "Events a second",
  DURATION_P50: "Duration, p50",
  DURATION_P75: "Duration, p75",
  DURATION_P90: "Duration, p90",
  DURATION_P95: "Duration, p95",
  DURATION_P99: "Duration, p99",
  DURATION_MEAN: "Mean duration",
  DURATION_MAX: "Longest duration",
  INPUT_TOKENS: "Input tokens",
  OUTPUT_TOKENS: "Output tokens",
  TOTAL_TOKENS: "Tokens",
  COST: "Cost",
};

export const COMPARISON_LABELS: Readonly<Record<AlertComparison, string>> = {
  ABOVE: "is above",
  BELOW: "is below",
  RISES_BY: "rises by more than",
  FALLS_BY: "falls by more than",
};

export const GROUP_FIELDS = [
  "agent_id",
  "model",
  "tool_name",
  "service_name",
  "user_id",
  "session_id",
  "error_type",
  "provider",
  "kind",
  "name",
] as const;

/** How a field of groups is called. */
export function groupFieldLabel(field: string): string {
  const of = FIELD_OF_FACET[field];
  return of === undefined ? field : FIELD_LABELS[of];
}

/** A value of a metric in its unit. */
export function metricText(metric: AlertMetric, value: number): string {
  if (metric === "ERROR_RATE") return formatShare(value);
  if (metric === "COST") return formatCost(value);
  return metric.startsWith("DURATION") ? formatDuration(value) : formatCount(value);
}

/** A threshold in the unit of its metric, or as a share of what was. */
export function thresholdText(metric: AlertMetric, comparison: AlertComparison, value: number): string {
  return isRelative(comparison) ? formatShare(value) : metricText(metric, value);
}

/** What a rule says, as a sentence: `Cost is above $10 over 24h, for each user`. */
export function ruleText(
  rule: Pick<AlertRule, "metric" | "comparison" | "threshold" | "windowSeconds" | "groupBy">,
): string {
  const [metric, comparison] = [metricOf(rule), comparisonOf(rule)];
  const threshold = thresholdText(metric, comparison, Number(rule.threshold));
  const groups = rule.groupBy.map((each) => groupFieldLabel(each).toLowerCase()).join(" and ");
  const over = formatDuration(rule.windowSeconds * 1000);
  return `${METRIC_LABELS[metric]} ${COMPARISON_LABELS[comparison]} ${threshold} over ${over}${groups && `, for each ${groups}`}`;
}
