import { Group, SegmentedControl, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEventSearch, useTelemetryStats } from "@timeloom/client/react";
import { SearchX, Sparkles } from "lucide-react";
import { formatCount } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { SearchInput } from "../../../ui/SearchInput";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { useNow } from "../../../ui/Time";
import { TimeRangePicker } from "../../../ui/TimeRangePicker";
import { writeRange } from "../../../ui/time-range";
import { EventDetail } from "../event/EventDetail";
import { SidePanel } from "../event/SidePanel";
import panel from "../event/SidePanel.module.css";
import { type EventSearchSearch, SEARCH_MODES } from "../routes";
import { FilterChips } from "../shared/FilterChips";
import { filterNow, rangeOf } from "../shared/filter";
import { ObservabilityTabs } from "../shared/ObservabilityTabs";
import { Matches } from "./Matches";

const MATCHES_MAX = 100;
const MODES = { both: "UNSPECIFIED", words: "WORDS", meaning: "MEANING" } as const;
const MODE_LABELS = { both: "Words and meaning", words: "Words", meaning: "Meaning" } as const;
const EXAMPLES = [
  "the customer was refused a refund",
  "rate limit",
  "timeout while looking up an order",
] as const;

/** Finds events by what was said in them, by words and by meaning, and says why each was found. */
export function SearchPage() {
  const search = useSearch({ from: "/observability/search" });
  const navigate = useNavigate({ from: "/observability/search" });
  const change = (next: EventSearchSearch) => void navigate({ search: next, replace: true });
  const query = search.q ?? "";
  const mode = search.mode ?? "both";
  const found = useEventSearch({
    query,
    filter: filterNow(search, useNow()),
    limit: MATCHES_MAX,
    mode: MODES[mode],
  });
  const { event: _, ...closed } = search;
  const { q: __, ...wordless } = closed;
  return (
    <Page
      title="Search"
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
          <Group gap="xs">
            <SearchInput
              label="Search what was said and done"
              placeholder="Words, or a sentence that means it"
              value={query}
              onChange={(q) => change(q === "" ? wordless : { ...closed, q })}
              size="sm"
              flex="1 1 280px"
              maw={620}
              maxLength={2000}
            />
            <SegmentedControl
              size="xs"
              aria-label="Search by"
              data={SEARCH_MODES.map((value) => ({ value, label: MODE_LABELS[value] }))}
              value={mode}
              onChange={(value) => {
                const { mode: ___, ...rest } = search;
                change(value === "both" ? rest : { ...rest, mode: value as "words" });
              }}
            />
            <FilterChips search={search} onChange={change} />
          </Group>
          <Readiness isByMeaning={found.data?.byMeaning ?? true} mode={mode} />
        </>
      }
    >
      <div className={panel.split}>
        <div className={panel.main}>
          {query === "" ? (
            <Beginning onChoose={(q) => change({ ...search, q })} />
          ) : found.isPending ? (
            <LoadingState label="Searching" />
          ) : found.isError ? (
            <ErrorState error={found.error} onRetry={() => void found.refetch()} />
          ) : found.data.matches.length === 0 ? (
            <EmptyState
              icon={SearchX}
              title="Nothing was found"
              text="Try other words, a longer time, or the search by meaning."
            />
          ) : (
            <Matches
              matches={found.data.matches}
              isStale={found.isPlaceholderData}
              selected={search.event}
              onShow={(event) => change({ ...search, event })}
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

function Beginning({ onChoose }: { onChoose: (query: string) => void }) {
  return (
    <EmptyState
      icon={Sparkles}
      title="Find it by what was said"
      text="Words are found as they are written, and sentences by what they mean, in messages, calls of tools, logs and errors."
    >
      <Group gap="xs" justify="center">
        {EXAMPLES.map((each) => (
          <button key={each} type="button" className={panel.example} onClick={() => onChoose(each)}>
            {each}
          </button>
        ))}
      </Group>
    </EmptyState>
  );
}

/** Says what cannot be found yet. */
function Readiness({ isByMeaning, mode }: { isByMeaning: boolean; mode: string }) {
  const stats = useTelemetryStats({ refetchInterval: 10_000 });
  const waiting = Number(stats.data?.unembeddedCount ?? 0);
  const said = [
    !isByMeaning && mode !== "words" && "Meaning cannot be searched right now: only words were",
    waiting > 0 && `${formatCount(waiting)} events can be found by their words, but not by meaning yet`,
  ].filter(Boolean);
  if (said.length === 0) return null;
  return (
    <Text size="xs" c="dimmed" role="status">
      {said.join(". ")}.
    </Text>
  );
}
