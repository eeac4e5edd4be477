import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import classes from "./Panels.module.css";

const KEY_PIXELS = 24;

interface SplitterProps {
  readonly label: string;
  /** The width of the pane that it changes. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** That pane is at its right. */
  readonly isReversed?: boolean;
  readonly onChange: (width: number) => void;
}

/** Between two panes: drag it, or move it with the arrow keys. */
export function Splitter({ label, value, min, max, isReversed = false, onChange }: SplitterProps) {
  const start = useRef({ x: 0, value });
  const set = (width: number) => onChange(Math.round(Math.max(min, Math.min(width, max))));
  const sign = isReversed ? -1 : 1;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule of the text cannot be moved
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      tabIndex={0}
      className={classes.splitter}
      onPointerDown={(event: PointerEvent<HTMLDivElement>) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, value };
      }}
      onPointerMove={(event: PointerEvent<HTMLDivElement>) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        set(start.current.value + sign * (event.clientX - start.current.x));
      }}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.preventDefault();
        event.stopPropagation();
        set(value + sign * (event.key === "ArrowLeft" ? -KEY_PIXELS : KEY_PIXELS));
      }}
    />
  );
}
