import { Button, Code, Text } from "@mantine/core";
import type { Memory, MemoryMatch } from "@timeloom/client";
import { useAgentMemory, useMemorySearch } from "@timeloom/client/react";
import { useEffect, useMemo, useState } from "react";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { searchByWords } from "../lib/keywords";
import type { useKeptIn } from "../local/useLocal";
import { SelectionBar } from "../ui/SelectionBar";
import { MemoryList } from "./MemoryList";
import classes from "./MemoryPage.module.css";
import { SearchResults } from "./SearchResults";
import { conditionCount, useBrowse } from "./useBrowse";

const PAGE_SIZE = 100;
const FOUND_MAX = 50;
const NONE: ReadonlySet<string> = new Set();
const NOTHING: readonly Memory[] = [];

interface PaneProps {
  readonly opened: string | undefined;
  readonly onOpen: (memory: Memory) => void;
}

/** The memories of a namespace, page after page. */
export function ListPane({ opened, onOpen, onCreate }: PaneProps & { readonly onCreate: () => void }) {
  const { search, change, filter } = useBrowse();
  const { list } = useAgentMemory({
    namespaces: search.namespace === undefined ? undefined : [search.namespace],
    filter,
    orderBy: search.order,
    pageSize: PAGE_SIZE,
  });
  const [selected, setSelected] = useState(NONE);
  const memories = list.data ?? NOTHING;
  const chosen = useMemo(() => memories.filter((each) => selected.has(each.id)), [memories, selected]);
  if (list.isError) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data === undefined) return <LoadingState label="Loading memories" />;
  if (memories.length === 0) {
    return conditionCount(search) > 0 ? <NoneFit /> : <NoneYet onCreate={onCreate} />;
  }
  return (
    <>
      {chosen.length > 0 && (
        <SelectionBar
          memories={chosen}
          onClear={() => setSelected(NONE)}
          onOpen={(memory) => change({ memory })}
        />
      )}
      <div className={classes.list}>
        <MemoryList
          memories={memories}
          opened={opened}
          onOpen={onOpen}
          selected={selected}
          onSelect={setSelected}
          hasMore={list.hasNextPage}
          isLoadingMore={list.isFetchingNextPage}
          onLoadMore={() => void list.fetchNextPage()}
        />
      </div>
    </>
  );
}

/** What a search found, with what its scores are made of. */
export function FoundPane(
  props: PaneProps & { readonly onFound: (matches: readonly MemoryMatch[]) => void },
) {
  const { search, filter } = useBrowse();
  const found = useMemorySearch({
    query: search.q,
    namespaces: search.namespace === undefined ? undefined : [search.namespace],
    filter,
    limit: FOUND_MAX,
    explain: true,
    silent: true,
  });
  const { onFound } = props;
  const matches = found.data?.results;
  useEffect(() => onFound(matches ?? []), [matches, onFound]);
  if (found.isError) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data === undefined || matches === undefined) return <LoadingState label="Searching" />;
  if (matches.length === 0) return <NoneFit />;
  const { timeRange } = found.data;
  return (
    <>
      {timeRange && (
        <div className={classes.note}>
          “{timeRange.words}” is taken for a time: {timeRange.fromTime?.slice(0, 10)} to{" "}
          {timeRange.toTime?.slice(0, 10)}. What happened then scores more.
        </div>
      )}
      <div className={classes.list} aria-busy={found.isPlaceholderData}>
        <SearchResults matches={matches} opened={props.opened} onOpen={props.onOpen} />
      </div>
    </>
  );
}

/** What this browser keeps, while the server cannot be reached. */
export function KeptPane({
  local,
  query,
  opened,
  onOpen,
}: PaneProps & { readonly local: ReturnType<typeof useKeptIn>; readonly query: string | undefined }) {
  const { kept, here } = local;
  const shown = useMemo(
    () => (query === undefined ? here : searchByWords(here, query, FOUND_MAX).map(({ memory }) => memory)),
    [here, query],
  );
  if (kept.isError) return <ErrorState error={kept.error} onRetry={() => void kept.refetch()} />;
  if (kept.data === undefined) return <LoadingState label="Reading what is kept here" />;
  return (
    <>
      <div className={classes.note} role="status">
        Timeloom cannot be reached. These are the memories that this browser has loaded before. A search finds
        their words; the meaning of a query needs the server, and what is similar to a memory is compared
        here.
      </div>
      {shown.length === 0 ? (
        <EmptyState
          title={query === undefined ? "Nothing is kept here" : "No kept memory has these words"}
          text="Memories are kept when they are looked at while Timeloom can be reached."
        />
      ) : (
        <div className={classes.list}>
          <MemoryList memories={shown} opened={opened} onOpen={onOpen} />
        </div>
      )}
    </>
  );
}

function NoneFit() {
  const { change } = useBrowse();
  return (
    <EmptyState title="No memory fits" text="Other words or fewer filters may find some.">
      <Button
        variant="default"
        size="xs"
        onClick={() =>
          change({
            q: undefined,
            kinds: undefined,
            tags: undefined,
            importance: undefined,
            asOf: undefined,
            with: undefined,
          })
        }
      >
        Show all
      </Button>
    </EmptyState>
  );
}

function NoneYet({ onCreate }: { onCreate: () => void }) {
  return (
    <EmptyState title="No memories yet" text="Agents write them with the SDK, and people do it here.">
      <Code block>{'client.memory.add("Ann drinks green tea.", namespace="project/cafe")'}</Code>
      <Button size="xs" onClick={onCreate}>
        New memory
      </Button>
      <Text size="xs" c="dimmed">
        The key n does the same.
      </Text>
    </EmptyState>
  );
}
