import { Button, Group, Progress, SegmentedControl, Stack, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Memory } from "@timeloom/client";
import { useMemoryClusters } from "@timeloom/client/react";
import { Map as MapIcon, Table } from "lucide-react";
import { useMemo, useState } from "react";
import { formatCount } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { EmptyState, ErrorState } from "../../../ui/states";
import { MemoryList } from "../browse/MemoryList";
import { useIsOffline } from "../local/useLocal";
import type { MapSearch } from "../search";
import { MemoryTabs } from "../ui/MemoryTabs";
import { NamespaceInput } from "../ui/NamespaceInput";
import { groupsOf } from "./groups";
import { MapCanvas } from "./MapCanvas";
import classes from "./MapPage.module.css";
import { MapSide } from "./MapSide";
import { type Layout, useLayout } from "./useLayout";
import { type MapMemories, useMapMemories } from "./useMapMemories";

const CLUSTERS_READ = 200;
const NONE: ReadonlySet<number> = new Set();

/** Memories as points in the plane: those that mean alike are near each other. */
export function MapPage() {
  const search = useSearch({ from: "/memory/map" });
  const navigate = useNavigate({ from: "/memory/map" });
  const namespace = search.namespace ?? "";
  const isOffline = useIsOffline(undefined);
  const loading = useMapMemories(namespace, isOffline);
  const layout = useLayout(loading.data, [namespace, isOffline, loading.dataUpdatedAt]);
  const change = (changes: MapSearch) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page
      title="Map of memory"
      isFilling
      below={<MemoryTabs namespace={namespace} />}
      actions={<Options search={search} change={change} />}
    >
      {loading.isError || layout.isError ? (
        <ErrorState error={loading.error ?? layout.error} onRetry={() => void loading.refetch()} />
      ) : loading.data === undefined ? (
        <Working label={`Loading memories: ${formatCount(loading.loaded)}`} part={undefined} />
      ) : loading.data.memories.length === 0 ? (
        <EmptyState
          title="There is nothing to map"
          text="A map needs memories with vectors. A namespace with an embedding model gives each memory one."
        />
      ) : layout.data === undefined ? (
        <Working label="Laying out the map in this browser" part={layout.progress} />
      ) : (
        <Shown
          key={loading.dataUpdatedAt}
          of={loading.data}
          layout={layout.data}
          search={search}
          onChanged={() => void loading.refetch()}
        />
      )}
    </Page>
  );
}

function Options({ search, change }: { search: MapSearch; change: (changes: MapSearch) => void }) {
  return (
    <>
      <NamespaceInput
        size="xs"
        w={200}
        aria-label="Namespace"
        placeholder="All namespaces"
        clearable
        value={search.namespace ?? ""}
        onChange={(namespace) => change({ namespace: namespace || undefined })}
      />
      <SegmentedControl
        size="xs"
        aria-label="Colour by"
        value={search.colour ?? "kind"}
        onChange={(colour) =>
          change({ colour: colour === "kind" ? undefined : (colour as MapSearch["colour"]) })
        }
        data={[
          { value: "kind", label: "Kind" },
          { value: "cluster", label: "Cluster" },
          { value: "namespace", label: "Namespace" },
        ]}
      />
      <Button
        size="xs"
        variant="default"
        leftSection={
          search.view === "table" ? <MapIcon size={14} aria-hidden /> : <Table size={14} aria-hidden />
        }
        onClick={() => change({ view: search.view === "table" ? undefined : "table" })}
      >
        {search.view === "table" ? "Show the map" : "Show as a table"}
      </Button>
    </>
  );
}

function Working({ label, part }: { label: string; part: number | undefined }) {
  return (
    <Stack align="center" justify="center" h="100%" gap="sm">
      <Progress
        w={260}
        value={part === undefined ? 100 : part * 100}
        animated={part === undefined}
        aria-label={label}
      />
      <Text size="sm" c="dimmed" role="status">
        {label}
      </Text>
    </Stack>
  );
}

interface ShownProps {
  readonly of: MapMemories;
  readonly layout: Layout;
  readonly search: MapSearch;
  readonly onChanged: () => void;
}

function Shown({ of, layout, search, onChanged }: ShownProps) {
  const { memories } = of;
  const clusters = useMemoryClusters(search.namespace ?? "", { retry: false });
  const groups = useMemo(
    () => groupsOf(memories, layout, search.colour, (clusters.data ?? []).slice(0, CLUSTERS_READ)),
    [memories, layout, search.colour, clusters.data],
  );
  const [chosen, setChosen] = useState(NONE);
  const choose = (places: readonly number[], adds: boolean) =>
    setChosen(new Set(adds ? [...chosen, ...places] : places));
  const picked = useMemo(() => memories.filter((_, place) => chosen.has(place)), [memories, chosen]);
  const chooseIds = (ids: ReadonlySet<string>) =>
    setChosen(new Set(memories.flatMap(({ id }, place) => (ids.has(id) ? [place] : []))));
  return (
    <div className={classes.panes}>
      {search.view === "table" ? (
        <TableOf memories={memories} picked={picked} onChoose={chooseIds} />
      ) : (
        <MapCanvas
          memories={memories}
          points={layout.points}
          groups={groups}
          chosen={chosen}
          isNamed={search.colour === "cluster"}
          onChoose={choose}
        />
      )}
      <MapSide
        of={of}
        groups={groups}
        picked={picked}
        onChoose={choose}
        onDone={() => {
          setChosen(NONE);
          onChanged();
        }}
      />
    </div>
  );
}

function TableOf(of: {
  memories: readonly Memory[];
  picked: readonly Memory[];
  onChoose: (ids: ReadonlySet<string>) => void;
}) {
  const navigate = useNavigate();
  const selected = useMemo(() => new Set(of.picked.map(({ id }) => id)), [of.picked]);
  return (
    <Group h="100%" align="stretch">
      <MemoryList
        memories={of.memories}
        opened={undefined}
        onOpen={(memory) => void navigate({ to: "/memory", search: { memory: memory.id } })}
        selected={selected}
        onSelect={of.onChoose}
      />
    </Group>
  );
}
