import dagre from "@dagrejs/dagre";
import type { FlowEdge, FlowGraph, FlowNode } from "./graph";

/** Where something is drawn, within what is around it. */
export interface Box {
  readonly parent: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const STEP_WIDTH = 232;
export const STEP_HEIGHT = 62;
export const LANE_HEIGHT = 24;
const LANE_WIDTH = 120;
const EMPTY_HEIGHT = 64;
const PADDING = 16;
const LANE_GAP = 20;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Places for all steps and for the heads of all lists, by their places in the definition. */
export function layoutOf(graph: FlowGraph): ReadonlyMap<string, Box> {
  const boxes = new Map<string, Box>();
  const byList = groupBy(graph.nodes, (each) => each.list);
  const lanesOfStep = groupBy(graph.lanes, (each) => each.parent);
  const inList = groupBy(graph.edges, (each) => listOfEdge(each));

  /** Places the members of a list, and says how much room they take. */
  const layList = (list: string, parent: string, left: number, top: number): Size => {
    const members = byList.get(list) ?? [];
    const sizes = new Map<string, Size>(members.map((each) => [each.place, layStep(each)]));
    sizes.set(list, { width: LANE_WIDTH, height: LANE_HEIGHT });
    const { positions, size } = arranged(sizes, inList.get(list) ?? []);
    for (const [key, position] of positions) {
      const own = sizes.get(key) ?? { width: 0, height: 0 };
      boxes.set(key, { parent, x: left + position.x, y: top + position.y, ...own });
    }
    return members.length === 0
      ? { width: STEP_WIDTH, height: size.height + EMPTY_HEIGHT }
      : { width: Math.max(size.width, LANE_WIDTH), height: size.height };
  };

  /** Says how much room a step takes, and places what is within it. */
  const layStep = (node: FlowNode): Size => {
    const lanes = lanesOfStep.get(node.place) ?? [];
    if (lanes.length === 0) return { width: STEP_WIDTH, height: STEP_HEIGHT };
    let right = PADDING;
    let height = 0;
    for (const lane of lanes) {
      const size = layList(lane.list, node.place, right, STEP_HEIGHT + PADDING / 2);
      if (lane.isEmpty) centre(boxes, lane.list, right, size.width);
      right += size.width + LANE_GAP;
      height = Math.max(height, size.height);
    }
    const width = Math.max(STEP_WIDTH, right - LANE_GAP + PADDING);
    return { width, height: STEP_HEIGHT + height + PADDING * 1.5 };
  };

  layList("steps", "", 0, 0);
  return boxes;
}

function centre(boxes: Map<string, Box>, list: string, left: number, width: number): void {
  const box = boxes.get(list);
  if (box !== undefined) boxes.set(list, { ...box, x: left + (width - box.width) / 2 });
}

/** More members of one list than this are laid out in rows: untangling their lines would hold up the page. */
const RANKED_MAX = 120;
const NODE_GAP = 28;
const RANK_GAP = 36;

/** Arranges what is in one list, from top to bottom. */
function arranged(sizes: ReadonlyMap<string, Size>, edges: readonly FlowEdge[]) {
  const lines = edges.filter((each) => each.kind !== "again");
  return stacked(sizes, lines) ?? (sizes.size > RANKED_MAX ? rowed(sizes, lines) : ranked(sizes, lines));
}

/** Steps that follow one another alone need no more than a column; undefined if they do not. */
function stacked(sizes: ReadonlyMap<string, Size>, edges: readonly FlowEdge[]) {
  const next = new Map(edges.map((each) => [each.source, each.target]));
  if (next.size !== edges.length || edges.length !== sizes.size - 1) return undefined;
  const targets = new Set(next.values());
  const order: string[] = [];
  let at = [...sizes.keys()].find((each) => !targets.has(each));
  while (at !== undefined && order.length < sizes.size) {
    order.push(at);
    at = next.get(at);
  }
  if (order.length !== sizes.size) return undefined;
  const width = Math.max(...[...sizes.values()].map((each) => each.width));
  const positions = new Map<string, { x: number; y: number }>();
  let height = 0;
  for (const key of order) {
    const size = sizes.get(key) ?? { width: 0, height: 0 };
    positions.set(key, { x: (width - size.width) / 2, y: height });
    height += size.height + RANK_GAP;
  }
  return { positions, size: { width, height: height - RANK_GAP } };
}

/** Each step stands one row below the last of those that it comes after. */
function rowed(sizes: ReadonlyMap<string, Size>, edges: readonly FlowEdge[]) {
  const before = groupBy(edges, (each) => each.target);
  const rows = new Map<string, number>();
  const rowOf = (key: string): number => {
    const known = rows.get(key);
    if (known !== undefined) return known;
    rows.set(key, 0); // where steps need one another in a circle, the circle is cut here
    const row = Math.max(-1, ...(before.get(key) ?? []).map((each) => rowOf(each.source))) + 1;
    rows.set(key, row);
    return row;
  };
  const members = groupBy([...sizes.keys()], rowOf);
  const widthOf = (keys: readonly string[]) =>
    keys.reduce((sum, key) => sum + (sizes.get(key)?.width ?? 0) + NODE_GAP, -NODE_GAP);
  const width = Math.max(...[...members.values()].map(widthOf));
  const positions = new Map<string, { x: number; y: number }>();
  let y = 0;
  for (const row of [...members.keys()].sort((left, right) => left - right)) {
    const keys = members.get(row) ?? [];
    let x = (width - widthOf(keys)) / 2;
    for (const key of keys) {
      positions.set(key, { x, y });
      x += (sizes.get(key)?.width ?? 0) + NODE_GAP;
    }
    y += Math.max(...keys.map((key) => sizes.get(key)?.height ?? 0)) + RANK_GAP;
  }
  return { positions, size: { width, height: y - RANK_GAP } };
}

function ranked(sizes: ReadonlyMap<string, Size>, edges: readonly FlowEdge[]) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "TB", nodesep: NODE_GAP, ranksep: RANK_GAP, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [key, size] of sizes) graph.setNode(key, { ...size });
  for (const edge of edges) graph.setEdge(edge.source, edge.target);
  dagre.layout(graph);
  const positions = new Map<string, { x: number; y: number }>();
  let width = 0;
  let height = 0;
  for (const [key, size] of sizes) {
    const node = graph.node(key);
    const position = { x: node.x - size.width / 2, y: node.y - size.height / 2 };
    positions.set(key, position);
    width = Math.max(width, position.x + size.width);
    height = Math.max(height, position.y + size.height);
  }
  return { positions, size: { width, height } };
}

/** The list that an edge lies in. */
function listOfEdge({ kind, source, target }: FlowEdge): string {
  return (kind === "again" ? source : target).replace(/\[\d+\]$/, "");
}

function groupBy<T, Key>(items: readonly T[], keyOf: (item: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
