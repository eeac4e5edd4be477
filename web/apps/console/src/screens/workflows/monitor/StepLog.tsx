import { Text } from "@mantine/core";
import type { Step, WorkflowExecution } from "@timeloom/client";
import { useApi } from "@timeloom/client/react";
import { formatClock, wordsOf } from "../../../ui/format";
import { ErrorState, LoadingState } from "../../../ui/states";
import { wordsFor } from "./HistoryView";
import classes from "./monitor.module.css";

/** So many entries of the history are looked through. */
const ENTRIES_MAX = 1000;

/** What happened to a step: its tries, and what its worker said last. */
export function StepLog({ execution, step }: { execution: WorkflowExecution; step: Step }) {
  const history = useApi().useQuery("get", "/api/workflows/executions/{executionId}/history", {
    params: { path: { executionId: execution.id }, query: { pageSize: ENTRIES_MAX } },
  });
  if (history.isPending) return <LoadingState label="Loading the log" />;
  if (history.isError) return <ErrorState error={history.error} onRetry={() => void history.refetch()} />;
  const events = history.data.events.filter((each) => each.stepId === step.id);
  return (
    <>
      <ol className={classes.log}>
        {events.map((each) => (
          <li key={each.sequence}>
            <time dateTime={each.time}>{each.time === undefined ? "" : formatClock(each.time)}</time>
            <span>
              {wordsOf(each.type)} <span className="mono">{wordsFor(each)}</span>
            </span>
          </li>
        ))}
      </ol>
      {step.progress !== undefined && (
        <Text size="xs" mt="xs" className="mono">
          Progress: {JSON.stringify(step.progress)}
        </Text>
      )}
      {history.data.nextPageToken !== "" && (
        <Text size="xs" c="dimmed" mt="xs">
          The first {ENTRIES_MAX} entries were looked through.
        </Text>
      )}
    </>
  );
}
