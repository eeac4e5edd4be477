import { Anchor, Text } from "@mantine/core";
import type { HistoryEvent } from "@timeloom/client";
import { useWorkflowHistory } from "@timeloom/client/react";
import { useMemo } from "react";
import { formatClock, wordsOf } from "../../../ui/format";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";

/** What happened to an execution, in order. */
export function HistoryView({
  executionId,
  onSelect,
}: {
  executionId: string;
  onSelect: (step: string) => void;
}) {
  const history = useWorkflowHistory(executionId);
  const columns = useMemo((): readonly Column<HistoryEvent>[] => {
    return [
      { key: "sequence", title: "#", width: "48px", align: "right", render: (each) => each.sequence },
      {
        key: "time",
        title: "Time",
        width: "104px",
        render: (each) =>
          each.time === undefined ? "" : <span className="mono">{formatClock(each.time)}</span>,
      },
      { key: "type", title: "What", width: "minmax(130px, 1fr)", render: (each) => wordsOf(each.type) },
      {
        key: "step",
        title: "Step",
        width: "minmax(90px, 1fr)",
        render: (each) =>
          each.stepId === "" ? (
            ""
          ) : (
            <Anchor component="button" size="sm" tabIndex={-1} onClick={() => onSelect(each.stepId)}>
              {each.stepId}
            </Anchor>
          ),
      },
      {
        key: "more",
        title: "More",
        width: "minmax(120px, 2fr)",
        showFrom: 560,
        render: (each) => (
          <Text size="xs" className="mono" c="dimmed" truncate title={wordsFor(each)}>
            {wordsFor(each)}
          </Text>
        ),
      },
    ];
  }, [onSelect]);
  if (history.isPending) return <LoadingState label="Loading the history" />;
  if (history.isError) return <ErrorState error={history.error} onRetry={() => void history.refetch()} />;
  return (
    <VirtualTable
      label="History"
      rows={history.data}
      keyOf={(each) => String(each.sequence)}
      columns={columns}
      hasMore={history.hasNextPage}
      isLoadingMore={history.isFetchingNextPage}
      onLoadMore={() => void history.fetchNextPage()}
      hasShortcuts
      onOpen={(each) => each.stepId !== "" && onSelect(each.stepId)}
      empty={<EmptyState title="Nothing has happened yet" />}
    />
  );
}

/** What else an entry of the history says, in a line. */
export function wordsFor(event: HistoryEvent): string {
  const said = event.attributes;
  if (typeof said !== "object" || said === null || Object.keys(said).length === 0) {
    return event.attempt > 1 ? `try ${event.attempt}` : "";
  }
  return JSON.stringify(said);
}
