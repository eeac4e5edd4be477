import { Link } from "@tanstack/react-router";
import type { Score, Trace } from "@timeloom/client";
import type { ReactNode } from "react";
import { formatCost, formatCount, formatDateTime, formatDuration } from "../../../ui/format";
import { Id } from "../../../ui/Id";
import classes from "./TraceFacts.module.css";

/** What a trace came to, in one line. */
export function TraceFacts({ trace, scores }: { trace: Trace; scores: readonly Score[] }) {
  const { usage, cost } = trace;
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Duration", formatDuration(trace.durationMs)],
    ["Began", trace.startTime && formatDateTime(trace.startTime)],
    ["Spans", formatCount(trace.spanCount)],
    ["Failed", trace.errorCount > 0 && formatCount(trace.errorCount)],
    ["Tokens", usage && `${formatCount(usage.inputTokens)} in, ${formatCount(usage.outputTokens)} out`],
    ["Cost", cost && formatCost(cost.total)],
    ["Agent", trace.agentId],
    ["Models", trace.models.join(", ")],
    [
      "Session",
      trace.sessionId && (
        <Link to="/observability/traces" search={{ sessionId: trace.sessionId }}>
          {trace.sessionId}
        </Link>
      ),
    ],
    ["User", trace.userId],
    ["Services", trace.serviceNames.join(", ")],
    ["Tags", trace.tags.join(", ")],
    ["Scores", scores.map((each) => `${each.name} ${each.label || (each.value ?? "")}`).join(", ")],
    ["Trace", <Id key="id" value={trace.id} what="trace's id" />],
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
