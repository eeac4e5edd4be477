import type { Cluster, Memory } from "@timeloom/client";
import { SERIES_COLOURS, type Tone } from "../../../ui/series-colours";
import { lookOf } from "../kinds";
import type { MapSearch } from "../search";
import type { Layout } from "./useLayout";

/** Points of one colour. */
export interface Group {
  readonly key: string;
  readonly label: string;
  readonly tone: Tone;
  /** The places of its points. */
  readonly places: readonly number[];
}

const OTHERS = "others";
/** Clusters have their names on the map, so that their colours may come again. */
const CLUSTERS_SHOWN = 24;

/** Sorts points into groups of one colour: the greatest have their own, all others share one. */
export function groupsOf(
  memories: readonly Memory[],
  layout: Layout,
  by: MapSearch["colour"],
  clusters: readonly Cluster[],
): Group[] {
  const nameOf = namer(memories, layout, by, clusters);
  const found = new Map<string, { label: string; tone: Tone | undefined; places: number[] }>();
  memories.forEach((memory, place) => {
    const { key, label, tone } = nameOf(memory, place);
    const group = found.get(key) ?? { label, tone, places: [] };
    group.places.push(place);
    found.set(key, group);
  });
  const bySize = [...found].sort(
    ([, left], [, right]) =>
      Number(left.tone === "muted") - Number(right.tone === "muted") ||
      right.places.length - left.places.length,
  );
  const most = by === "cluster" ? CLUSTERS_SHOWN : SERIES_COLOURS;
  const shown = bySize.length > most ? most - 1 : most;
  const groups = bySize.slice(0, shown).map(([key, { label, tone, places }], place) => {
    return { key, label, tone: tone ?? place, places };
  });
  const rest = bySize.slice(shown);
  if (rest.length === 0) return groups;
  const places = rest.flatMap(([, group]) => group.places);
  return [...groups, { key: OTHERS, label: `${rest.length} others`, tone: "muted", places }];
}

type Namer = (memory: Memory, place: number) => { key: string; label: string; tone?: Tone | undefined };

function namer(
  memories: readonly Memory[],
  layout: Layout,
  by: MapSearch["colour"],
  clusters: readonly Cluster[],
): Namer {
  if (by === undefined) {
    return ({ kind }) => ({ key: kind, label: lookOf(kind).label, tone: lookOf(kind).hue });
  }
  if (by === "namespace") return ({ namespace }) => ({ key: namespace, label: namespace });
  const names = new Map(clusters.map(({ id, name }) => [id, name]));
  const known = memories.filter((each) => names.has(each.clusterId)).length;
  if (known * 2 > memories.length) {
    return ({ clusterId }) => {
      const label = names.get(clusterId);
      return label === undefined
        ? { key: "", label: "In no cluster", tone: "muted" }
        : { key: clusterId, label };
    };
  }
  return (_, place) => {
    const label = layout.labels[place] ?? 0;
    return { key: String(label), label: layout.names[label] ?? `Cluster ${label + 1}` };
  };
}
