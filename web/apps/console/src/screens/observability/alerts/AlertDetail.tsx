import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Alert, AlertRule, EventFilter } from "@timeloom/client";
import { useMemo } from "react";
import { formatDateTime, wordsOf } from "../../../ui/format";
import { StatusBadge } from "../../../ui/StatusBadge";
import { TimeAgo, useNow } from "../../../ui/Time";
import { between, type Span, writeRange } from "../../../ui/time-range";
import classes from "../event/EventDetail.module.css";
import { conditionOfFacet, type FilterSearch, readFilter, withCondition } from "../shared/filter";
import { Acknowledge } from "./AlertList";
import { comparisonOf, metricOf } from "./draft";
import { RuleChart } from "./RuleChart";
import { metricText, ruleText } from "./words";

const MARGIN_MS_MIN = 30 * 60_000;

/** An alert: what its metric did, when it fired, and whom that was told. */
export function AlertDetail({ alert, rule }: { alert: Alert; rule: AlertRule | undefined }) {
  const now = useNow();
  const fired = alert.fireTime ?? alert.pendingTime;
  const firedAt = fired === undefined ? now : Date.parse(fired);
  const endedAt = alert.resolveTime === undefined ? now : Date.parse(alert.resolveTime);
  const windowMs = (rule?.windowSeconds ?? 0) * 1000;
  const margin = Math.max(MARGIN_MS_MIN, windowMs * 4);
  const span = useMemo(
    () => ({ from: firedAt - margin, to: endedAt + MARGIN_MS_MIN / 3 }),
    [firedAt, endedAt, margin],
  );
  const shaded = useMemo(() => [{ from: firedAt, to: endedAt }], [firedAt, endedAt]);
  const filter = useMemo(() => narrowed(alert, rule), [alert, rule]);
  const show = (value: number) => (rule === undefined ? String(value) : metricText(metricOf(rule), value));
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Title order={2}>{alert.ruleName}</Title>
        <StatusBadge status={alert.status} />
      </Group>
      {rule !== undefined && (
        <Text size="sm" c="dimmed">
          {ruleText(rule)}
          {rule.description !== "" && `. ${rule.description}`}
        </Text>
      )}
      <dl className={classes.facts}>
        <Fact name="Severity" value={alert.severity === "UNSPECIFIED" ? "" : wordsOf(alert.severity)} />
        <Fact name="For" value={alert.group.join(", ")} />
        <Fact name="When it fired" value={show(Number(alert.value))} />
        <Fact name="Last" value={show(Number(alert.lastValue))} />
        <Fact name="Fired" value={alert.fireTime ? formatDateTime(alert.fireTime) : ""} />
        <Fact name="Resolved" value={alert.resolveTime ? formatDateTime(alert.resolveTime) : ""} />
      </dl>
      <Group gap="md">
        <Group gap={6}>
          <Text size="xs" c="dimmed">
            Seen
          </Text>
          <Acknowledge alert={alert} />
        </Group>
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link
              to="/observability/events"
              search={eventsOf(filter, { from: firedAt - windowMs, to: endedAt })}
              {...props}
            />
          )}
        >
          Its events
        </Anchor>
      </Group>
      {rule !== undefined && (
        <RuleChart
          metric={metricOf(rule)}
          comparison={comparisonOf(rule)}
          threshold={Number(rule.threshold)}
          filter={filter as EventFilter}
          groupBy={[]}
          windowSeconds={rule.windowSeconds}
          span={span}
          fired={shaded}
        />
      )}
      <Deliveries alert={alert} />
    </Stack>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  if (value === "") return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Deliveries({ alert }: { alert: Alert }) {
  if (alert.deliveries.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Its rule tells nobody.
      </Text>
    );
  }
  return (
    <div>
      <Title order={3}>Told</Title>
      {alert.deliveries.map((each) => (
        <div key={`${each.status} ${each.actionIndex}`} className={classes.score}>
          <StatusBadge status={each.status} />
          <span>Action {each.actionIndex + 1}</span>
          <span className={classes.scoreEnd}>
            {each.error !== "" && (
              <Text size="xs" c="var(--tl-bad)">
                {each.error}
              </Text>
            )}
            {each.deliverTime === undefined ? (
              <Text size="xs" c="dimmed">
                {each.attemptCount === 0 ? "not tried yet" : `${each.attemptCount} tries`}
              </Text>
            ) : (
              <TimeAgo time={each.deliverTime} size="xs" />
            )}
          </span>
        </div>
      ))}
    </div>
  );
}

/** The filter of a rule for the group of one alert. */
function narrowed(alert: Alert, rule: AlertRule | undefined): FilterSearch {
  const own = readFilter((rule?.filter ?? {}) as Record<string, unknown>);
  const groups = rule?.groupBy ?? [];
  return groups.reduce<FilterSearch>((filter, field, at) => {
    const condition = conditionOfFacet(field, alert.group[at] ?? "");
    return condition === undefined ? filter : withCondition(without(filter, condition.field), condition);
  }, own);
}

/** A filter that does not ask for a field: the value of a group says more than the list that it is one of. */
function without(filter: FilterSearch, field: string): FilterSearch {
  return Object.fromEntries(Object.entries(filter).filter(([name]) => name !== field));
}

function eventsOf(filter: FilterSearch, span: Span) {
  return { ...filter, range: writeRange(between(span)) };
}
