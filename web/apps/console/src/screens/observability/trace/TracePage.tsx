import { Anchor, Button } from "@mantine/core";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTrace } from "@timeloom/client/react";
import { ChevronLeft, History } from "lucide-react";
import { useEffect, useMemo } from "react";
import { Page } from "../../../ui/Page";
import { StatusBadge } from "../../../ui/StatusBadge";
import { ErrorState, LoadingState } from "../../../ui/states";
import { EventDetail } from "../event/EventDetail";
import { SidePanel } from "../event/SidePanel";
import panel from "../event/SidePanel.module.css";
import { layOut } from "./layout";
import { TraceFacts } from "./TraceFacts";
import { TraceTools } from "./TraceTools";
import { useTraceKeys } from "./use-trace-keys";
import { useWaterfall } from "./use-waterfall";
import { Waterfall } from "./Waterfall";

/** One trace: its spans as a tree in time, and what each of them was. */
export function TracePage() {
  const { traceId } = useParams({ from: "/observability/traces/$traceId" });
  const search = useSearch({ from: "/observability/traces/$traceId" });
  const navigate = useNavigate({ from: "/observability/traces/$traceId" });
  const reading = useTrace(traceId);
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, isError } = reading;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isError, fetchNextPage]);
  const layout = useMemo(() => layOut(data?.spans ?? []), [data?.spans]);
  const view = useWaterfall(layout, search.q ?? "");
  const selected = useMemo(
    () =>
      search.event === undefined ? -1 : layout.spans.findIndex((each) => each.event.id === search.event),
    [layout, search.event],
  );
  const { reveal } = view;
  useEffect(() => {
    if (selected >= 0) reveal(selected);
  }, [selected, reveal]);
  const show = (event: string | undefined) => {
    const { event: _, ...rest } = search;
    void navigate({ search: event === undefined ? rest : { ...rest, event }, replace: true });
  };
  const seek = (q: string) => {
    const { q: _, ...rest } = search;
    void navigate({ search: q === "" ? rest : { ...rest, q }, replace: true });
  };
  const keys = useTraceKeys({
    layout,
    view,
    onShow: (index) => show(layout.spans[index]?.event.id),
    isOpen: selected >= 0,
  });
  const trace = data?.trace;
  if (reading.isPending) return <LoadingState label="Loading the trace" />;
  if (reading.isError && data === undefined) {
    return <ErrorState error={reading.error} onRetry={() => void reading.refetch()} />;
  }
  const chosen = layout.spans[selected];
  return (
    <Page
      title={trace?.name || "Trace without a root"}
      isFilling
      beside={trace && <StatusBadge status={trace.status} />}
      description={
        <Anchor size="xs" renderRoot={(props) => <Link to="/observability/traces" {...props} />}>
          <ChevronLeft size={12} aria-hidden /> Traces
        </Anchor>
      }
      actions={
        trace?.executionId && (
          <Button
            size="xs"
            variant="light"
            leftSection={<History size={14} aria-hidden />}
            renderRoot={(props) => (
              <Link to="/executions/$executionId" params={{ executionId: trace.executionId }} {...props} />
            )}
          >
            Step through its execution
          </Button>
        )
      }
      below={trace && <TraceFacts trace={trace} scores={data?.scores ?? []} />}
    >
      <div className={panel.split}>
        <div className={panel.main}>
          <TraceTools
            layout={layout}
            view={view}
            words={search.q ?? ""}
            onWords={seek}
            keys={keys}
            loadedOf={trace && hasNextPage ? trace.spanCount : undefined}
          />
          <Waterfall
            layout={layout}
            view={view}
            selected={selected >= 0 ? selected : undefined}
            isCriticalOnly={keys.isCriticalOnly}
            onSelect={(index) => show(layout.spans[index]?.event.id)}
          />
        </div>
        {search.event !== undefined && (
          <SidePanel label="Details of the span" onClose={() => show(undefined)}>
            <EventDetail key={search.event} eventId={search.event} span={chosen?.span} isInTrace />
          </SidePanel>
        )}
      </div>
    </Page>
  );
}
