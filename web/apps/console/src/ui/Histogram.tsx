import { Group, UnstyledButton } from "@mantine/core";
import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { formatCount } from "./format";
import classes from "./Histogram.module.css";
import { type Bin, type BinRange, binsOf, heightOf, rangeOf } from "./histogram";

interface HistogramProps {
  /** What is counted by what: "Executions by duration". */
  readonly label: string;
  readonly bins: readonly Bin[];
  readonly range: BinRange | undefined;
  readonly onChange: (range: BinRange | undefined) => void;
  readonly format: (value: number) => string;
  readonly heightPx?: number;
}

/** Bars of counts, over which a range is drawn with the pointer, or set with the arrow keys. */
export function Histogram({ label, bins, range, onChange, format, heightPx = 48 }: HistogramProps) {
  const plot = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<readonly [number, number]>();
  const [pointed, setPointed] = useState<number>();
  const anchor = useRef<number>(undefined);
  const [first, end] = drawn ?? binsOf(bins, range);
  const countMax = bins.reduce((most, each) => Math.max(most, each.count), 1);

  const indexAt = (event: PointerEvent): number => {
    const box = plot.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    const index = Math.floor(((event.clientX - box.left) / box.width) * bins.length);
    return Math.max(0, Math.min(bins.length - 1, index));
  };
  // A new range grows from where it begins; one whose end is grabbed, from its other end.
  const begin = (event: PointerEvent, from?: number) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    plot.current?.setPointerCapture(event.pointerId);
    anchor.current = from ?? indexAt(event);
    setDrawn(from === undefined ? [anchor.current, anchor.current + 1] : [first, end]);
  };
  const draw = (event: PointerEvent) => {
    const index = indexAt(event);
    setPointed(index);
    if (anchor.current === undefined) return;
    setDrawn([Math.min(anchor.current, index), Math.max(anchor.current, index) + 1]);
  };
  const finish = () => {
    if (anchor.current === undefined) return;
    anchor.current = undefined;
    setDrawn(undefined);
    if (drawn !== undefined) onChange(rangeOf(bins, drawn[0], drawn[1]));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would look like one; this only names the two sliders
    <div className={classes.histogram} role="group" aria-label={label}>
      <Reading
        bins={bins}
        first={first}
        end={end}
        pointed={pointed}
        format={format}
        onClear={() => onChange(undefined)}
      />
      <div
        ref={plot}
        className={classes.plot}
        style={{ height: heightPx }}
        onPointerDown={begin}
        onPointerMove={draw}
        onPointerUp={finish}
        onPointerCancel={finish}
        onPointerLeave={() => setPointed(undefined)}
      >
        {bins.map((bin, index) => (
          <div
            key={bin.from}
            className={classes.bar}
            data-inside={(index >= first && index < end) || undefined}
            data-pointed={index === pointed || undefined}
            style={{ height: `${heightOf(bin.count, countMax) * 100}%` }}
          />
        ))}
        {bins.length > 0 && (
          <>
            <Handle
              label={`${label}: from`}
              at={first}
              min={0}
              max={end - 1}
              of={bins.length}
              text={format(bins[first]?.from ?? 0)}
              onGrab={(event) => begin(event, end - 1)}
              onMove={(index) => onChange(rangeOf(bins, index, end))}
            />
            <Handle
              label={`${label}: to`}
              at={end}
              min={first + 1}
              max={bins.length}
              of={bins.length}
              text={format(bins[end - 1]?.to ?? 0)}
              onGrab={(event) => begin(event, first)}
              onMove={(index) => onChange(rangeOf(bins, first, index))}
            />
          </>
        )}
      </div>
      <div className={classes.scale} aria-hidden>
        <span>{format(bins[0]?.from ?? 0)}</span>
        <span>{format(bins.at(-1)?.to ?? 0)}</span>
      </div>
    </div>
  );
}

/** What the bar under the pointer counts, or what the chosen range does. */
function Reading(of: {
  bins: readonly Bin[];
  first: number;
  end: number;
  pointed: number | undefined;
  format: (value: number) => string;
  onClear: () => void;
}) {
  const { bins, format } = of;
  const bin = of.pointed === undefined ? undefined : bins[of.pointed];
  const inside = bins.slice(of.first, of.end);
  const counted = inside.reduce((sum, each) => sum + each.count, 0);
  const isWhole = inside.length === bins.length;
  const from = bin?.from ?? inside[0]?.from ?? 0;
  const to = bin?.to ?? inside.at(-1)?.to ?? 0;
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap" className={classes.reading ?? ""}>
      <span>
        {format(from)} – {format(to)}: {formatCount(bin?.count ?? counted)}
      </span>
      {!isWhole && (
        <UnstyledButton fz="xs" c="copper" onClick={of.onClear}>
          Any
        </UnstyledButton>
      )}
    </Group>
  );
}

function Handle(of: {
  label: string;
  at: number;
  min: number;
  max: number;
  of: number;
  text: string;
  onGrab: (event: PointerEvent) => void;
  onMove: (index: number) => void;
}) {
  const targets: Readonly<Record<string, number>> = {
    ArrowLeft: of.at - 1,
    ArrowDown: of.at - 1,
    ArrowRight: of.at + 1,
    ArrowUp: of.at + 1,
    Home: of.min,
    End: of.max,
  };
  const move = (event: KeyboardEvent) => {
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const index = Math.max(of.min, Math.min(of.max, target));
    if (index !== of.at) of.onMove(index);
  };
  return (
    <div
      role="slider"
      tabIndex={0}
      className={classes.handle}
      data-set={(of.at > 0 && of.at < of.of) || undefined}
      style={{ left: `${(of.at / of.of) * 100}%` }}
      aria-label={of.label}
      aria-valuemin={of.min}
      aria-valuemax={of.max}
      aria-valuenow={of.at}
      aria-valuetext={of.text}
      onPointerDown={of.onGrab}
      onKeyDown={move}
    />
  );
}
