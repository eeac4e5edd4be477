import type { WorkflowExecution } from "@timeloom/client";
import { formatDuration } from "../../ui/format";

/** How long something took; clocks tell milliseconds, so that less is no figure. */
export function took(milliseconds: number): string {
  return milliseconds < 1 ? "< 1 ms" : formatDuration(milliseconds);
}

const BEGINNINGS: Readonly<Record<WorkflowExecution["trigger"], string>> = {
  UNSPECIFIED: "something",
  MANUAL: "a call",
  EVENT: "an event",
  CRON: "a schedule",
  WEBHOOK: "a webhook",
  WORKFLOW: "another execution",
  FORK: "a fork",
};

/** What made an execution begin, in words. */
export function begunBy(execution: WorkflowExecution): string {
  return BEGINNINGS[execution.trigger];
}
