import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useCanvasColours, variableOf } from "../../../ui/series-colours";
import { lookOf } from "../shared/kinds";
import type { TimeWindow, WaterfallLayout } from "./layout";
import classes from "./Waterfall.module.css";

const BAR_PX_MIN = 1;
const CLICK_PX = 4;

interface MinimapProps {
  readonly layout: WaterfallLayout;
  readonly window: TimeWindow;
  readonly isZoomed: boolean;
  readonly onLook: (window: TimeWindow | undefined) => void;
}

/** The whole trace at a glance; a drag chooses which part of the time is shown, a drag of that part moves it. */
export function Minimap({ layout, window, isZoomed, onLook }: MinimapProps) {
  const { ref, width, height } = useElementSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const colour = useCanvasColours();
  const [drawn, setDrawn] = useState<TimeWindow>();
  const grabbed = useRef<{ readonly at: number; readonly x: number; readonly moves: boolean }>(undefined);
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, { width, height }, layout, colour);
  }, [layout, width, height, colour]);

  const timeAt = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * layout.length;
  };
  const begin = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = timeAt(event);
    grabbed.current = { at, x: event.clientX, moves: isZoomed && at > window.from && at < window.to };
  };
  const drag = (event: PointerEvent<HTMLElement>) => {
    if (grabbed.current === undefined) return;
    const { at, moves } = grabbed.current;
    const now = timeAt(event);
    if (!moves) return setDrawn({ from: Math.min(at, now), to: Math.max(at, now) });
    onLook({ from: window.from + now - at, to: window.to + now - at });
    grabbed.current = { ...grabbed.current, at: now };
  };
  const finish = (event: PointerEvent<HTMLElement>) => {
    const { x = event.clientX, moves = false } = grabbed.current ?? {};
    const isClick = Math.abs(event.clientX - x) < CLICK_PX;
    grabbed.current = undefined;
    setDrawn(undefined);
    if (drawn !== undefined && !isClick) onLook(drawn);
    else if (isClick && !moves) onLook(undefined);
  };
  const { from, to } = drawn ?? window;
  const share = (time: number) => `${layout.length > 0 ? (time / layout.length) * 100 : 0}%`;
  return (
    <div
      ref={ref}
      className={classes.map}
      role="img"
      aria-label="The whole trace in time. Drag to look at a part of it; plus, minus and 0 do so by key"
      onPointerDown={begin}
      onPointerMove={drag}
      onPointerUp={finish}
    >
      <canvas ref={canvas} />
      {(isZoomed || drawn !== undefined) && (
        <>
          <div className={classes.shade} style={{ left: 0, width: share(from) }} />
          <div className={classes.lens} style={{ left: share(from), width: share(to - from) }} />
          <div className={classes.shade} style={{ left: share(to), right: 0 }} />
        </>
      )}
    </div>
  );
}

function draw(
  canvas: HTMLCanvasElement,
  size: { readonly width: number; readonly height: number },
  layout: WaterfallLayout,
  colour: (variable: string) => string,
): void {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = size.width * ratio;
  canvas.height = size.height * ratio;
  const context = canvas.getContext("2d");
  if (context === null || layout.length <= 0) return;
  context.scale(ratio, ratio);
  const colours = new Map<string, string>();
  const rowPx = Math.min(6, size.height / Math.max(1, layout.spans.length));
  for (const { index, event, start, duration, isError } of layout.spans) {
    const variable = isError ? "--tl-bad" : variableOf(lookOf(event).tone);
    const fill = colours.get(variable) ?? colour(variable);
    colours.set(variable, fill);
    context.fillStyle = fill;
    const x = (start / layout.length) * size.width;
    const wide = Math.max(BAR_PX_MIN, (duration / layout.length) * size.width);
    context.fillRect(x, index * rowPx, wide, Math.max(BAR_PX_MIN, rowPx * 0.8));
  }
}
