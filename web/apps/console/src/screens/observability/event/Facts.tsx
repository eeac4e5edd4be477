import { Link } from "@tanstack/react-router";
import type { TelemetryEvent } from "@timeloom/client";
import type { ReactNode } from "react";
import {
  formatClock,
  formatCost,
  formatCount,
  formatDateTime,
  formatDuration,
  wordsOf,
} from "../../../ui/format";
import { StatusBadge } from "../../../ui/StatusBadge";
import type { FilterSearch } from "../shared/filter";
import classes from "./EventDetail.module.css";

interface FactsProps {
  readonly event: TelemetryEvent;
  /** The time in it that is none of its children's. */
  readonly selfMs: number | undefined;
  readonly isCritical: boolean | undefined;
}

/** What is known of an event, in short; values that others may have lead to those. */
export function Facts({ event, selfMs, isCritical }: FactsProps) {
  const { usage, cost, startTime } = event;
  const isMoment = event.endTime === event.startTime;
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Status", event.status !== "UNSPECIFIED" && <StatusBadge status={event.status} />],
    ["Severity", event.severity !== "UNSPECIFIED" && wordsOf(event.severity)],
    ["Began", startTime && <span title={formatDateTime(startTime)}>{formatClock(startTime)}</span>],
    ["Duration", !isMoment && formatDuration(event.durationMs)],
    ["Of its own", selfMs !== undefined && selfMs !== event.durationMs && formatDuration(selfMs)],
    ["Critical path", isCritical && "On it"],
    ["Model", event.model && <Alike filter={{ models: [event.model] }}>{event.model}</Alike>],
    ["Provider", event.provider && <Alike filter={{ providers: [event.provider] }}>{event.provider}</Alike>],
    ["Tokens in", usage && tokens(usage.inputTokens, usage.cacheReadTokens, "cached")],
    ["Tokens out", usage && tokens(usage.outputTokens, usage.reasoningTokens, "thought")],
    ["Cost", cost && <span title={sourceOf(cost.source)}>{formatCost(cost.total)}</span>],
    ["Tool", event.toolName && <Alike filter={{ toolNames: [event.toolName] }}>{event.toolName}</Alike>],
    ["Agent", event.agentId && <Alike filter={{ agentIds: [event.agentId] }}>{event.agentId}</Alike>],
    ["Session", event.sessionId && <Alike filter={{ sessionId: event.sessionId }}>{event.sessionId}</Alike>],
    ["User", event.userId && <Alike filter={{ userId: event.userId }}>{event.userId}</Alike>],
    [
      "Service",
      event.serviceName && <Alike filter={{ serviceNames: [event.serviceName] }}>{event.serviceName}</Alike>,
    ],
    ["Tags", event.tags.length > 0 && event.tags.join(", ")],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) =>
        value ? (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

/** A value that leads to the events that have it, too. */
function Alike({ filter, children }: { filter: FilterSearch; children: string }) {
  return (
    <Link to="/observability/events" search={filter} title={`Events with ${children}`}>
      {children}
    </Link>
  );
}

function tokens(all: number, some: number, word: string): string {
  return some > 0 ? `${formatCount(all)} (${formatCount(some)} ${word})` : formatCount(all);
}

function sourceOf(source: string): string {
  return source === "REPORTED" ? "As the program said" : "From the tokens and the price of the model";
}
