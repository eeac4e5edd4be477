import { Group, MultiSelect, NumberInput, Select } from "@mantine/core";
import type { AlertRule } from "@timeloom/client";
import { formatDuration, wordsOf } from "../../../ui/format";
import { type AlertComparison, type AlertMetric, isShare } from "./draft";
import type { DraftProps } from "./RuleForm";
import { COMPARISON_LABELS, GROUP_FIELDS, groupFieldLabel, METRIC_LABELS } from "./words";

const WINDOWS = [60, 300, 900, 3_600, 21_600, 86_400, 604_800, 2_592_000] as const;
const FOR = [0, 60, 300, 900, 3_600] as const;
const SEVERITIES = ["INFO", "WARN", "ERROR", "FATAL"] as const;
const GROUPS_MAX = 2;

/** When a rule fires. */
export function ConditionFields({ draft, onChange, errorOf }: DraftProps) {
  const unit = unitOf(draft.metric, draft.comparison);
  return (
    <>
      <Group gap="xs" align="flex-start" grow>
        <Select
          label="Metric"
          data={Object.entries(METRIC_LABELS).map(([value, label]) => ({ value, label }))}
          value={draft.metric}
          allowDeselect={false}
          onChange={(value) => value && onChange({ metric: value as AlertMetric })}
        />
        <Select
          label="Comparison"
          data={Object.entries(COMPARISON_LABELS).map(([value, label]) => ({ value, label }))}
          value={draft.comparison}
          allowDeselect={false}
          onChange={(value) => value && onChange({ comparison: value as AlertComparison })}
        />
      </Group>
      <Group gap="xs" align="flex-start" grow>
        <NumberInput
          label="Threshold"
          required
          value={draft.threshold}
          error={errorOf("threshold")}
          onChange={(value) => onChange({ threshold: typeof value === "number" ? value : "" })}
          {...unit}
        />
        <Select
          label="Over"
          data={lengths(WINDOWS, draft.windowSeconds)}
          value={String(draft.windowSeconds)}
          allowDeselect={false}
          error={errorOf("windowSeconds")}
          onChange={(value) => value && onChange({ windowSeconds: Number(value) })}
        />
      </Group>
      <Group gap="xs" align="flex-start" grow>
        <MultiSelect
          label="For each"
          placeholder={draft.groupBy.length === 0 ? "Everybody together" : ""}
          data={GROUP_FIELDS.map((value) => ({ value, label: groupFieldLabel(value) }))}
          value={[...draft.groupBy]}
          maxValues={GROUPS_MAX}
          error={errorOf("groupBy")}
          onChange={(groupBy) => onChange({ groupBy })}
          hidePickedOptions
          size="sm"
        />
        <Select
          label="Severity"
          data={SEVERITIES.map((value) => ({ value, label: wordsOf(value) }))}
          value={draft.severity}
          allowDeselect={false}
          onChange={(value) => value && onChange({ severity: value as AlertRule["severity"] })}
        />
      </Group>
      <Group gap="xs" align="flex-start" grow>
        <NumberInput
          label="Resolved at"
          placeholder="the threshold"
          value={draft.recovery}
          error={errorOf("recoveryThreshold")}
          onChange={(value) => onChange({ recovery: typeof value === "number" ? value : "" })}
          {...unit}
        />
        <Select
          label="Holds for"
          data={lengths(FOR, draft.forSeconds)}
          value={String(draft.forSeconds)}
          allowDeselect={false}
          error={errorOf("forSeconds")}
          onChange={(value) => value && onChange({ forSeconds: Number(value) })}
        />
        <NumberInput
          label="From events"
          placeholder="any number"
          min={0}
          allowDecimal={false}
          value={draft.eventCountMin}
          error={errorOf("eventCountMin")}
          onChange={(value) => onChange({ eventCountMin: typeof value === "number" ? value : "" })}
        />
      </Group>
    </>
  );
}

function lengths(usual: readonly number[], now: number): { value: string; label: string }[] {
  const all = usual.includes(now) ? usual : [...usual, now].sort((left, right) => left - right);
  return all.map((seconds) => ({
    value: String(seconds),
    label: seconds === 0 ? "at once" : formatDuration(seconds * 1000),
  }));
}

function unitOf(metric: AlertMetric, comparison: AlertComparison): { prefix?: string; suffix?: string } {
  if (isShare(metric, comparison)) return { suffix: " %" };
  if (metric === "COST") return { prefix: "$" };
  return metric.startsWith("DURATION") ? { suffix: " ms" } : {};
}
