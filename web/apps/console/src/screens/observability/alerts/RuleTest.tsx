import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import type { Alert, EventFilter } from "@timeloom/client";
import { useApi } from "@timeloom/client/react";
import { useMemo } from "react";
import { formatDateTime, formatDuration } from "../../../ui/format";
import { Problem } from "../../../ui/Problem";
import { useNow } from "../../../ui/Time";
import { resolveRange } from "../../../ui/time-range";
import { isShare, type RuleDraft, ruleOf } from "./draft";
import { RuleChart } from "./RuleChart";
import { metricText } from "./words";

const DAY = { kind: "last", seconds: 86_400 } as const;
const TYPING_MS = 500;
const SHOWN_MAX = 5;

/** What a rule would have raised in the last day, as it is written now. */
export function RuleTest({ draft, isValid }: { draft: RuleDraft; isValid: boolean }) {
  const { metric, comparison, threshold, windowSeconds, filter, groupBy } = draft;
  // A test needs no name, and tells nobody.
  const rule = { ...ruleOf(draft), name: "test", description: "", actions: [], enabled: true };
  const [settled] = useDebouncedValue(JSON.stringify(rule), TYPING_MS);
  const { from, to } = resolveRange(DAY, useNow());
  const span = useMemo(() => ({ from, to }), [from, to]);
  const test = useApi().useQuery(
    "post",
    "/api/observability/alert-rules:test",
    { body: { rule: JSON.parse(settled) as typeof rule } },
    { enabled: isValid, placeholderData: keepPreviousData },
  );
  const alerts = useMemo(() => (test.data?.alerts ?? []) as readonly Alert[], [test.data]);
  const fired = useMemo(
    () =>
      alerts.flatMap(({ fireTime, resolveTime }) =>
        fireTime === undefined
          ? []
          : [{ from: Date.parse(fireTime), to: resolveTime === undefined ? to : Date.parse(resolveTime) }],
      ),
    [alerts, to],
  );
  const show = (value: number) => metricText(metric, value);
  return (
    <section aria-label="Tried on the last day">
      <RuleChart
        metric={metric}
        comparison={comparison}
        threshold={threshold === "" ? 0 : threshold * (isShare(metric, comparison) ? 0.01 : 1)}
        filter={filter as EventFilter}
        groupBy={groupBy}
        windowSeconds={windowSeconds}
        span={span}
        fired={fired}
      />
      {test.isError ? (
        <Problem error={test.error} />
      ) : (
        <Text size="sm" mt={6} role="status">
          {test.isPending ? "Trying it on the last day" : saying(alerts.length)}
        </Text>
      )}
      {alerts.slice(-SHOWN_MAX).map((alert) => (
        <Text key={`${alert.fireTime} ${alert.group.join()}`} size="xs" c="dimmed">
          {alert.fireTime && formatDateTime(alert.fireTime)} {alert.group.join(", ")} at{" "}
          {show(Number(alert.value))}
          {alert.fireTime &&
            alert.resolveTime &&
            `, for ${formatDuration(Date.parse(alert.resolveTime) - Date.parse(alert.fireTime))}`}
        </Text>
      ))}
    </section>
  );
}

function saying(count: number): string {
  if (count === 0) return "It would not have fired in the last day.";
  return `It would have fired ${count === 1 ? "once" : `${count} times`} in the last day.`;
}
