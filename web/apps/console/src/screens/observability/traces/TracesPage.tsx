import { Group, SegmentedControl, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Trace } from "@timeloom/client";
import { useTraces } from "@timeloom/client/react";
import { formatCount } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { SearchInput } from "../../../ui/SearchInput";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { useNow } from "../../../ui/Time";
import { TimeRangePicker } from "../../../ui/TimeRangePicker";
import { resolveRange, writeRange } from "../../../ui/time-range";
import { type Sort, VirtualTable } from "../../../ui/VirtualTable";
import panel from "../event/SidePanel.module.css";
import type { TracesSearch } from "../routes";
import { FilterChips } from "../shared/FilterChips";
import { rangeOf } from "../shared/filter";
import { NothingYet } from "../shared/NothingYet";
import { ObservabilityTabs } from "../shared/ObservabilityTabs";
import { orderOf, sortOf } from "../shared/order";
import { TRACE_COLUMNS } from "./columns";

const NONE: readonly Trace[] = [];

/** Traces, newest first or by what they took. */
export function TracesPage() {
  const search = useSearch({ from: "/observability/traces" });
  const navigate = useNavigate({ from: "/observability/traces" });
  const list = useTraces(queryOf(search, useNow()));
  const change = (next: TracesSearch) => void navigate({ search: next, replace: true });
  const sort = (next: Sort) => {
    const { order: _, ...rest } = search;
    const order = orderOf(next);
    change(order === undefined ? rest : { ...rest, order });
  };
  const rows = list.data ?? NONE;
  return (
    <Page
      title="Traces"
      isFilling
      actions={
        <TimeRangePicker
          value={rangeOf(search)}
          onChange={(range) => change({ ...search, range: writeRange(range) })}
        />
      }
      below={
        <>
          <ObservabilityTabs range={search.range} />
          <Filters search={search} onChange={change} />
        </>
      }
    >
      {list.isPending ? (
        <LoadingState label="Loading traces" />
      ) : list.isError ? (
        <ErrorState error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <div className={panel.main} style={{ height: "100%" }}>
          <VirtualTable
            label="Traces"
            rows={rows}
            keyOf={keyOf}
            columns={TRACE_COLUMNS}
            hasShortcuts
            sort={sortOf(search.order)}
            onSort={sort}
            hasMore={list.hasNextPage}
            isLoadingMore={list.isFetchingNextPage}
            onLoadMore={() => void list.fetchNextPage()}
            onOpen={({ id }) =>
              void navigate({ to: "/observability/traces/$traceId", params: { traceId: id }, search: {} })
            }
            empty={
              Object.keys(search).length > 0 ? (
                <EmptyState
                  title="No trace is like that"
                  text="Take a condition away, or look at a longer time."
                />
              ) : (
                <NothingYet />
              )
            }
            foot={
              <Text size="xs" c="dimmed">
                {formatCount(rows.length)} loaded{list.hasNextPage ? ", more as you scroll" : ""}
              </Text>
            }
          />
        </div>
      )}
    </Page>
  );
}

function Filters({ search, onChange }: { search: TracesSearch; onChange: (search: TracesSearch) => void }) {
  const { q: _, ...withoutWords } = search;
  const { statuses: __, ...withoutStatus } = search;
  return (
    <Group gap="xs">
      <SearchInput
        label="Search traces by name"
        value={search.q ?? ""}
        onChange={(q) => onChange(q === "" ? withoutWords : { ...withoutWords, q })}
        w={240}
      />
      <SegmentedControl
        size="xs"
        aria-label="Status"
        data={[
          { value: "", label: "All" },
          { value: "OK", label: "Good" },
          { value: "ERROR", label: "Failed" },
        ]}
        value={search.statuses?.[0] ?? ""}
        onChange={(status) =>
          onChange(status === "" ? withoutStatus : { ...withoutStatus, statuses: [status] })
        }
      />
      <FilterChips
        search={withoutStatus}
        onChange={(rest) =>
          onChange(search.statuses === undefined ? rest : { ...rest, statuses: search.statuses })
        }
      />
    </Group>
  );
}

function keyOf(trace: Trace): string {
  return trace.id;
}

function queryOf(search: TracesSearch, now: number) {
  const { from, to } = resolveRange(rangeOf(search), now);
  return {
    startedAfter: new Date(from).toISOString(),
    startedBefore: new Date(to).toISOString(),
    nameContains: search.q,
    statuses: search.statuses as Trace["status"][] | undefined,
    agentIds: search.agentIds as string[] | undefined,
    sessionId: search.sessionId,
    userId: search.userId,
    durationMsMin: search.durationMsMin,
    durationMsMax: search.durationMsMax,
    orderBy: search.order,
  };
}
