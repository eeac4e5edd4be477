import { Button, Drawer, Group, Text } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { TelemetryEvent } from "@timeloom/client";
import { useEventFacets } from "@timeloom/client/react";
import { ListFilter } from "lucide-react";
import { useCallback } from "react";
import { formatCount } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeRangePicker } from "../../../ui/TimeRangePicker";
import { between, writeRange } from "../../../ui/time-range";
import { VirtualTable } from "../../../ui/VirtualTable";
import { EventDetail } from "../event/EventDetail";
import { SidePanel } from "../event/SidePanel";
import panel from "../event/SidePanel.module.css";
import type { EventsSearch } from "../routes";
import { FilterChips } from "../shared/FilterChips";
import { eventFilter, rangeOf, readFilter } from "../shared/filter";
import { NothingYet } from "../shared/NothingYet";
import { ObservabilityTabs } from "../shared/ObservabilityTabs";
import { orderOf, sortOf } from "../shared/order";
import { Conditions } from "./Conditions";
import { EVENT_COLUMNS } from "./columns";
import classes from "./EventsPage.module.css";
import { ExportMenu } from "./ExportMenu";
import { FACET_FIELDS, Facets } from "./Facets";
import { LiveControl } from "./LiveControl";
import { useEvents } from "./use-events";
import { VolumeChart } from "./VolumeChart";

/** Every event: narrowed by facets, followed live, each with all that is known of it. */
export function EventsPage() {
  const search = useSearch({ from: "/observability/events" });
  const navigate = useNavigate({ from: "/observability/events" });
  const change = useCallback(
    (next: EventsSearch) => void navigate({ search: next, replace: true }),
    [navigate],
  );
  const explorer = useEvents(search, change);
  const { span, events, list } = explorer;
  const own = readFilter(search as Record<string, unknown>);
  const facets = useEventFacets(
    { filter: eventFilter(own, span), fields: [...FACET_FIELDS], valueLimit: 50 },
    { keepsPrevious: true },
  );
  const [isFilterOpen, filters] = useDisclosure(false);
  const isWide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const { event: _, ...closed } = search;
  const show = (event: TelemetryEvent) => change({ ...search, event: event.id });
  const side = <Facets search={search} counts={facets.data} onChange={change} error={facets.error} />;
  return (
    <Page
      title="Events"
      isFilling
      actions={
        <>
          <LiveControl explorer={explorer} search={search} onChange={change} />
          <ExportMenu filter={eventFilter(own, span)} />
          <TimeRangePicker
            value={rangeOf(search)}
            onChange={(range) => change({ ...search, range: writeRange(range) })}
          />
        </>
      }
      below={
        <>
          <ObservabilityTabs range={search.range} />
          <Group gap="xs">
            {!isWide && (
              <Button
                size="xs"
                variant="default"
                leftSection={<ListFilter size={14} aria-hidden />}
                onClick={filters.open}
              >
                Filter
              </Button>
            )}
            <Conditions search={search} onChange={change} />
            <FilterChips search={search} onChange={change} />
          </Group>
        </>
      }
    >
      <div className={panel.split}>
        {isWide ? (
          <aside className={classes.facets} aria-label="Filter">
            {side}
          </aside>
        ) : (
          <Drawer
            opened={isFilterOpen}
            onClose={filters.close}
            title="Filter"
            size="300px"
            closeButtonProps={{ "aria-label": "Close the filter" }}
          >
            {side}
          </Drawer>
        )}
        <div className={panel.main}>
          <VolumeChart
            search={search}
            span={span}
            onSelect={(selected) => change({ ...search, range: writeRange(between(selected)) })}
          />
          {list.isPending ? (
            <LoadingState label="Loading events" />
          ) : list.isError ? (
            <ErrorState error={list.error} onRetry={() => void list.refetch()} />
          ) : (
            <VirtualTable
              label="Events"
              rows={events}
              keyOf={keyOf}
              columns={EVENT_COLUMNS}
              rowHeightPx={30}
              rowCount={search.live ? undefined : facets.data?.count}
              hasShortcuts
              sort={sortOf(search.order)}
              onSort={(next) => {
                const { order: __, ...rest } = search;
                const order = orderOf(next);
                change(order === undefined ? rest : { ...rest, order });
              }}
              hasMore={list.hasNextPage}
              isLoadingMore={list.isFetchingNextPage}
              onLoadMore={() => void list.fetchNextPage()}
              onOpen={show}
              onActiveChange={(key) => {
                if (search.event !== undefined && key !== undefined) change({ ...search, event: key });
              }}
              onAtTop={explorer.setAtTop}
              empty={
                Object.keys(own).length + (search.range === undefined ? 0 : 1) > 0 ? (
                  <EmptyState
                    title="No event is like that"
                    text="Take a condition away, or look at a longer time."
                  />
                ) : (
                  <NothingYet />
                )
              }
              foot={
                <Text size="xs" c="dimmed" role="status">
                  {formatCount(events.length)} shown
                  {facets.data && ` of ${formatCount(facets.data.count)}`}
                  {facets.data?.isCut && ", of which only the newest 200,000 were counted"}
                </Text>
              }
            />
          )}
        </div>
        {search.event !== undefined && (
          <SidePanel label="Details of the event" onClose={() => change(closed)}>
            <EventDetail key={search.event} eventId={search.event} />
          </SidePanel>
        )}
      </div>
    </Page>
  );
}

function keyOf(event: TelemetryEvent): string {
  return event.id;
}
