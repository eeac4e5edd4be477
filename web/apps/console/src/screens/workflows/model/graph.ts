import { isObject, type JsonObject } from "../../../ui/schema/schema";
import { lanesOf, placedOf, type Step, stepsOf, TOP, withLane, withListAt } from "./definition";

/** A step by itself, without those within it. */
export interface FlowNode {
  readonly place: string;
  readonly list: string;
  readonly index: number;
  readonly path: string;
  /** The place of the step around it; empty at the top. */
  readonly parent: string;
  readonly step: Step;
}

/** Where a list of steps begins: the head of a branch, or the beginning of the whole. */
export interface FlowLane {
  readonly list: string;
  readonly parent: string;
  readonly label: string;
  readonly isRepeated: boolean;
  readonly isEmpty: boolean;
}

/**
 * Why one step comes after another: it stands after it, names it in `needs`, stands in for it when it failed, is the
 * first of its list, or is the last of a turn.
 */
export type EdgeKind = "sequence" | "needs" | "fallback" | "enter" | "again";

export interface FlowEdge {
  readonly kind: EdgeKind;
  /** The place of a step, or of a list. */
  readonly source: string;
  readonly target: string;
}

export interface FlowGraph {
  /** The definition without its steps. */
  readonly head: JsonObject;
  readonly nodes: readonly FlowNode[];
  readonly lanes: readonly FlowLane[];
  readonly edges: readonly FlowEdge[];
}

/** What a definition means, as a graph. */
export function graphOf(document: JsonObject): FlowGraph {
  const nodes: FlowNode[] = placedOf(document).map(({ step, depth: _, ...placed }) => ({
    ...placed,
    step: lanesOf(step).reduce((found, lane) => withLane(found, lane.key, []), step),
  }));
  const lanes: FlowLane[] = [
    {
      list: TOP,
      parent: "",
      label: "begin",
      isRepeated: false,
      isEmpty: stepsOf(document[TOP]).length === 0,
    },
  ];
  const edges: FlowEdge[] = listEdges(TOP, stepsOf(document[TOP]));
  for (const { place, step } of placedOf(document)) {
    for (const lane of lanesOf(step)) {
      const list = `${place}.${lane.key}`;
      const { label, isRepeated } = lane;
      lanes.push({ list, parent: place, label, isRepeated, isEmpty: lane.steps.length === 0 });
      edges.push(...listEdges(list, lane.steps));
      if (step.type === "loop") edges.push(...againEdges(list, lane.steps));
    }
  }
  return { head: { ...document, ...(TOP in document && { [TOP]: [] }) }, nodes, lanes, edges };
}

/** The definition that a graph was made of. */
export function definitionOf({ head, nodes }: FlowGraph): JsonObject {
  let document = head;
  // Each step stands before those within it, so its lanes are there to be filled.
  for (const node of nodes) {
    const members = nodes
      .filter((each) => each.list === node.list)
      .sort((left, right) => left.index - right.index);
    if (members[0] === node)
      document = withListAt(
        document,
        node.list,
        members.map((each) => each.step),
      );
  }
  return document;
}

function listEdges(list: string, steps: readonly Step[]): FlowEdge[] {
  const edges: FlowEdge[] = [];
  for (const { place, needs, isImplied, standsInFor } of orderOf(list, steps)) {
    for (const other of standsInFor) edges.push({ kind: "fallback", source: other, target: place });
    for (const need of needs)
      edges.push({ kind: isImplied ? "sequence" : "needs", source: need, target: place });
    if (needs.length === 0 && standsInFor.length === 0)
      edges.push({ kind: "enter", source: list, target: place });
  }
  return edges;
}

function againEdges(list: string, steps: readonly Step[]): FlowEdge[] {
  const order = orderOf(list, steps);
  const needed = new Set(order.flatMap((each) => each.needs));
  return order
    .filter((each) => !needed.has(each.place) && each.standsInFor.length === 0)
    .map((each) => ({ kind: "again", source: each.place, target: list }));
}

interface Ordered {
  readonly step: Step;
  readonly place: string;
  /** The places of the steps that end before it begins. */
  readonly needs: readonly string[];
  /** It says nothing of what it needs: it follows the step before it. */
  readonly isImplied: boolean;
  /** The places of the steps that it stands in for. */
  readonly standsInFor: readonly string[];
}

/** What each step of a list comes after, as the engine understands it. */
export function orderOf(list: string, steps: readonly Step[]): Ordered[] {
  const places = new Map<string, string>();
  steps.forEach((step, index) => {
    if (!places.has(step.id)) places.set(step.id, `${list}[${index}]`);
  });
  const standIns = standInsOf(list, steps);
  let before: string[] = [];
  return steps.map((step, index) => {
    const place = `${list}[${index}]`;
    const standsInFor = standIns.get(step.id) ?? [];
    const isImplied = !Array.isArray(step.needs);
    const named = Array.isArray(step.needs) ? step.needs.map((need) => places.get(String(need))) : before;
    const needs = standsInFor.length > 0 ? [] : [...new Set(named)].filter((each) => each !== undefined);
    if (standsInFor.length === 0) before = [place];
    return { step, place, needs, isImplied, standsInFor };
  });
}

function standInsOf(list: string, steps: readonly Step[]): Map<string, string[]> {
  const ids = new Set(steps.map((each) => each.id));
  const found = new Map<string, string[]>();
  steps.forEach((step, index) => {
    const other = isObject(step.onError) ? step.onError.step : undefined;
    if (typeof other !== "string" || !ids.has(other)) return;
    found.set(other, [...(found.get(other) ?? []), `${list}[${index}]`]);
  });
  return found;
}
