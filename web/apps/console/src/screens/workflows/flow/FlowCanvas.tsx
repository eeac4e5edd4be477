import "@xyflow/react/dist/style.css";
import { useComputedColorScheme } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import {
  Background,
  type Connection,
  Controls,
  type Edge,
  MarkerType,
  ReactFlow,
  type ReactFlowInstance,
} from "@xyflow/react";
import { type DragEvent, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { EdgeKind, FlowEdge, FlowGraph } from "../model/graph";
import { kindLabelOf } from "../model/kinds";
import { type Box, layoutOf } from "../model/layout";
import { DRAGGED_KIND } from "./dragging";
import classes from "./flow.module.css";
import { type LaneNode, LaneNodeView, type NodeMark, type StepNode, StepNodeView } from "./nodes";

/** More steps than this are drawn only where they are in sight. */
const DRAWN_WHOLE_MAX = 80;
const DELETE_KEYS = ["Delete", "Backspace"];
const NODE_TYPES = { step: StepNodeView, lane: LaneNodeView };
const NO_MARKS: ReadonlyMap<string, NodeMark> = new Map();

type Flow = ReactFlowInstance<StepNode | LaneNode, Edge>;

interface FlowCanvasProps {
  readonly graph: FlowGraph;
  readonly label: string;
  readonly marks?: ReadonlyMap<string, NodeMark>;
  /** The place of the step or list that is looked at. */
  readonly selected?: string | undefined;
  readonly onSelect: (place: string | undefined) => void;
  /** What can be done to the graph; without it, it is only looked at. */
  readonly editing?: {
    readonly onConnect: (source: string, target: string) => void;
    readonly onDisconnect: (source: string, target: string) => void;
    /** A kind of step was let go over a step or the head of a list. */
    readonly onDrop: (kind: string, over: string) => void;
  };
}

/** A definition as a graph. */
export function FlowCanvas({ graph, label, marks = NO_MARKS, selected, onSelect, editing }: FlowCanvasProps) {
  const boxes = useLayout(graph);
  const frame = useRef<HTMLElement>(null);
  const flow = useRef<Flow>(undefined);
  const show = useView(flow, frame, boxes);
  const { over, ...dropping } = useDropping(flow, boxes, editing?.onDrop);
  const [line, setLine] = useState<string>();
  const scheme = useComputedColorScheme("light");
  const isEditable = editing !== undefined;
  const nodes = useMemo(
    () => nodesOf(graph, boxes, { marks, selected, isEditable, over }),
    [graph, boxes, marks, selected, isEditable, over],
  );
  const edges = useMemo(() => graph.edges.map((each) => edgeOf(each, marks, line)), [graph, marks, line]);
  const choose = (place: string | undefined, chosenLine?: string) => {
    setLine(chosenLine); // keys are for the line or for the step
    onSelect(place);
  };
  return (
    <section ref={frame} className={classes.canvas} aria-label={label} {...dropping}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        colorMode={scheme}
        onInit={(instance) => {
          flow.current = instance;
          show();
        }}
        minZoom={0.15}
        maxZoom={1.75}
        nodesDraggable={false}
        nodesConnectable={isEditable}
        edgesFocusable={isEditable}
        deleteKeyCode={isEditable ? DELETE_KEYS : null}
        onNodesChange={(changes) => {
          for (const each of changes) if (each.type === "select" && each.selected) choose(each.id);
        }}
        onEdgesChange={(changes) => {
          for (const each of changes) if (each.type === "select" && each.selected) choose(undefined, each.id);
        }}
        onNodeClick={(_, node) => choose(node.id)}
        onPaneClick={() => choose(undefined)}
        onConnect={(drawn: Connection) => editing?.onConnect(drawn.source, drawn.target)}
        onEdgesDelete={(gone) => {
          for (const edge of gone) editing?.onDisconnect(edge.source, edge.target);
        }}
        onBeforeDelete={async (asked) => ({
          nodes: [], // steps are removed by the designer's own keys
          edges: asked.edges.filter((each) => each.deletable),
        })}
        onlyRenderVisibleElements={graph.nodes.length > DRAWN_WHOLE_MAX}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={20} size={1} />
        <Controls showInteractive={false} aria-label="Zoom" />
      </ReactFlow>
    </section>
  );
}

/** Brings the graph into sight, at first and whenever it is laid out anew. */
function useView(
  flow: RefObject<Flow | undefined>,
  frame: RefObject<HTMLElement | null>,
  boxes: ReadonlyMap<string, Box>,
) {
  const isReduced = useReducedMotion();
  const show = useCallback(() => {
    const { width = 0, height = 0 } = frame.current?.getBoundingClientRect() ?? {};
    void flow.current?.setViewport(viewOf(boxes, { width, height }), { duration: isReduced ? 0 : 200 });
  }, [flow, frame, boxes, isReduced]);
  useEffect(show, [show]);
  return show;
}

/** Takes a dragged kind of step, and tells meanwhile where it would go. */
function useDropping(
  flow: RefObject<Flow | undefined>,
  boxes: ReadonlyMap<string, Box>,
  onDrop: ((kind: string, over: string) => void) | undefined,
) {
  const [over, setOver] = useState<string>();
  const nearest = (event: DragEvent) => {
    const at = flow.current?.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    return at === undefined ? undefined : nearestTo(at, boxes);
  };
  return {
    over,
    onDragOver: (event: DragEvent) => {
      if (onDrop === undefined) return;
      event.preventDefault();
      setOver(nearest(event));
    },
    onDragLeave: () => setOver(undefined),
    onDrop: (event: DragEvent) => {
      const place = nearest(event);
      const kind = event.dataTransfer.getData(DRAGGED_KIND);
      setOver(undefined);
      if (onDrop === undefined || place === undefined || kind === "") return;
      event.preventDefault();
      onDrop(kind, place);
    },
  };
}

/** The layout, made anew only when the structure is another one. */
function useLayout(graph: FlowGraph): ReadonlyMap<string, Box> {
  const shape = JSON.stringify([graph.nodes.map((each) => each.place), graph.lanes, graph.edges]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: all that the layout depends on is in the shape
  return useMemo(() => layoutOf(graph), [shape]);
}

const EDGE_PX = 28;
/** Smaller than this nothing can be read: what does not fit is scrolled to. */
const READABLE_ZOOM = 0.7;

/** Shows the whole if it can be read then, and otherwise its beginning. */
function viewOf(boxes: ReadonlyMap<string, Box>, frame: { width: number; height: number }) {
  const top = [...boxes.values()].filter((each) => each.parent === "");
  const width = Math.max(1, ...top.map((each) => each.x + each.width));
  const height = Math.max(1, ...top.map((each) => each.y + each.height));
  const fitting = Math.min((frame.width - 2 * EDGE_PX) / width, (frame.height - 2 * EDGE_PX) / height, 1);
  const zoom = Math.max(fitting, READABLE_ZOOM);
  const first = boxes.get("steps") ?? { x: 0, width: 0 };
  const x =
    width * zoom <= frame.width
      ? (frame.width - width * zoom) / 2
      : frame.width / 2 - (first.x + first.width / 2) * zoom;
  return { x, y: Math.max(EDGE_PX, (frame.height - height * zoom) / 2), zoom };
}

interface Shown {
  readonly marks: ReadonlyMap<string, NodeMark>;
  readonly selected: string | undefined;
  readonly isEditable: boolean;
  readonly over: string | undefined;
}

function nodesOf(graph: FlowGraph, boxes: ReadonlyMap<string, Box>, shown: Shown): (StepNode | LaneNode)[] {
  const containers = new Set(graph.lanes.map((each) => each.parent));
  const steps = graph.nodes.map((node): StepNode => {
    const mark = shown.marks.get(node.place);
    return {
      ...placedNode(node.place, boxes, shown),
      type: "step",
      ariaLabel: [`${kindLabelOf(node.step)} ${node.step.id}`, mark?.progress?.status.toLowerCase()]
        .filter(Boolean)
        .join(", "),
      data: {
        node,
        isContainer: containers.has(node.place),
        isEditable: shown.isEditable,
        mark: node.place === shown.over ? { ...mark, isTarget: true } : mark,
      },
    };
  });
  const lanes = graph.lanes.map(
    (lane): LaneNode => ({
      ...placedNode(lane.list, boxes, shown),
      type: "lane",
      ariaLabel: `Beginning of ${lane.label}`,
      focusable: shown.isEditable,
      data: { lane, isEditable: shown.isEditable, isTarget: lane.list === shown.over },
    }),
  );
  // What is around others has to come before them.
  return [...steps, ...lanes];
}

function placedNode(place: string, boxes: ReadonlyMap<string, Box>, shown: Shown) {
  const box = boxes.get(place) ?? { parent: "", x: 0, y: 0, width: 0, height: 0 };
  return {
    id: place,
    position: { x: box.x, y: box.y },
    width: box.width,
    height: box.height,
    measured: { width: box.width, height: box.height },
    selected: place === shown.selected,
    ...(box.parent !== "" && { parentId: box.parent }),
  };
}

const LOOKS: Readonly<Record<EdgeKind, { label?: string; dashes?: string; colour?: string }>> = {
  enter: {},
  sequence: {},
  needs: {},
  fallback: { label: "on error", dashes: "5 4", colour: "var(--tl-bad)" },
  again: { dashes: "2 4" },
};

function edgeOf(edge: FlowEdge, marks: ReadonlyMap<string, NodeMark>, line: string | undefined): Edge {
  const look = LOOKS[edge.kind];
  const colour = look.colour ?? "var(--tl-muted)";
  const isLive = marks.get(edge.target)?.progress?.status === "RUNNING";
  const id = `${edge.kind} ${edge.source} ${edge.target}`;
  return {
    id,
    selected: id === line,
    source: edge.source,
    target: edge.target,
    type: "smoothstep",
    deletable: edge.kind === "needs",
    focusable: edge.kind === "needs",
    animated: isLive,
    zIndex: 1,
    ...(look.label !== undefined && { label: look.label }),
    style: { stroke: colour, strokeDasharray: look.dashes },
    markerEnd: { type: MarkerType.ArrowClosed, color: colour, width: 14, height: 14 },
  };
}

/** The step or head of a list whose lower edge is nearest to a point. */
function nearestTo(at: { x: number; y: number }, boxes: ReadonlyMap<string, Box>): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [place, box] of boxes) {
    const { x, y } = absolute(box, boxes);
    const distance = Math.hypot(at.x - (x + box.width / 2), at.y - (y + box.height));
    if (distance < least) {
      least = distance;
      best = place;
    }
  }
  return best;
}

function absolute(box: Box, boxes: ReadonlyMap<string, Box>): { x: number; y: number } {
  const parent = boxes.get(box.parent);
  if (parent === undefined) return { x: box.x, y: box.y };
  const around = absolute(parent, boxes);
  return { x: around.x + box.x, y: around.y + box.y };
}
