import { ActionIcon, SegmentedControl, Text, Tooltip } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import type { Memory } from "@timeloom/client";
import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useCanvasColours, variableOf } from "../../../ui/series-colours";
import { type Point, type Size, toScreen, type View } from "../lib/geometry";
import { Kind } from "../ui/Kind";
import { draw } from "./drawing";
import type { Group } from "./groups";
import classes from "./MapCanvas.module.css";
import { type Tool, useMapView } from "./useMapView";

interface MapCanvasProps {
  readonly memories: readonly Memory[];
  readonly points: readonly Point[];
  readonly groups: readonly Group[];
  readonly chosen: ReadonlySet<number>;
  /** Whether groups have their names on the map. */
  readonly isNamed: boolean;
  readonly onChoose: (places: readonly number[], adds: boolean) => void;
}

/** The map: near points mean alike. Drawn on a canvas; its alternative is the table. */
export function MapCanvas({ memories, points, groups, chosen, isNamed, onChoose }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useElementSize<HTMLCanvasElement>();
  const ref = useMergedRef(canvas, box.ref);
  const size = useMemo(() => ({ width: box.width, height: box.height }), [box.width, box.height]);
  const [tool, setTool] = useState<Tool>("lasso");
  const [hovered, setHovered] = useState(-1);
  const map = useMapView({ canvas, points, size, tool, onHover: setHovered, onChoose });
  const { view, lasso } = map;
  const colour = useCanvasColours();
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || size.width === 0) return;
    const ratio = window.devicePixelRatio;
    const frame = requestAnimationFrame(() => {
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (element.width !== width || element.height !== height) {
        element.width = width;
        element.height = height;
      }
      const scene = { points, groups, chosen, hovered, lasso, isNamed };
      draw(context, scene, { view, size, ratio, colour }, (group) => variableOf(group.tone));
    });
    return () => cancelAnimationFrame(frame);
  }, [points, groups, chosen, hovered, lasso, isNamed, view, size, colour]);
  return (
    <div className={classes.frame}>
      <canvas
        ref={ref}
        className={classes.canvas}
        data-tool={tool}
        tabIndex={0}
        role="img"
        aria-label={`Map of ${memories.length} memories. Arrows move it, plus and minus zoom, 0 shows all. The table has the same memories.`}
        {...map.handlers}
      />
      <div className={classes.tools}>
        <SegmentedControl
          size="xs"
          aria-label="What dragging does"
          value={tool}
          onChange={(value) => setTool(value as Tool)}
          data={[
            { value: "lasso", label: "Lasso" },
            { value: "move", label: "Move" },
          ]}
        />
        <Zoom label="Zoom in" icon={ZoomIn} onClick={map.zoomIn} />
        <Zoom label="Zoom out" icon={ZoomOut} onClick={map.zoomOut} />
        <Zoom label="Show all" icon={Maximize} onClick={map.fit} />
      </div>
      <Tip memory={memories[hovered]} point={points[hovered]} view={view} size={size} />
    </div>
  );
}

function Zoom({ label, icon: Icon, onClick }: { label: string; icon: typeof ZoomIn; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={30} aria-label={label} onClick={onClick}>
        <Icon size={15} />
      </ActionIcon>
    </Tooltip>
  );
}

const TIP_PX = 300;

function Tip(of: { memory: Memory | undefined; point: Point | undefined; view: View; size: Size }) {
  const { memory, point, view, size } = of;
  if (memory === undefined || point === undefined) return null;
  const at = toScreen(point, view, size);
  const horizontal = at.x + TIP_PX > size.width ? { right: size.width - at.x + 12 } : { left: at.x + 12 };
  const vertical = at.y > size.height / 2 ? { bottom: size.height - at.y + 12 } : { top: at.y + 12 };
  return (
    <div className={classes.tip} style={{ ...horizontal, ...vertical }} aria-hidden>
      <Text size="sm" lineClamp={4}>
        {memory.content}
      </Text>
      <Text size="xs" c="dimmed" component="div" mt={4}>
        <Kind kind={memory.kind} /> · {memory.namespace}
      </Text>
    </div>
  );
}
