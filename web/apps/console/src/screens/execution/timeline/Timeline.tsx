import { useElementSize } from "@mantine/hooks";
import {
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { formatClock } from "../../../ui/format";
import { useCanvasColours } from "../../../ui/series-colours";
import { indexOf, nameOf, type Step, timeOf } from "../model/steps";
import { useRecording, useSteps } from "../recording";
import { drawStrip, type Strip } from "./drawing";
import { type Axis, nearestTo, placesOf } from "./layout";
import { StepTip } from "./StepTip";
import classes from "./Timeline.module.css";

interface TimelineProps extends Omit<Strip, "steps" | "places"> {
  readonly axis: Axis;
}

/** All steps of an execution on one strip, and the slider over them. */
export function Timeline({ axis, way, head, stops, forks }: TimelineProps) {
  const steps = useSteps();
  const { ref: frame, width } = useElementSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const colour = useCanvasColours();
  const places = useMemo(() => placesOf(steps, axis, width), [steps, axis, width]);
  const [hovered, setHovered] = useState<number>();
  useLayoutEffect(() => {
    if (canvas.current === null || width === 0) return;
    drawStrip(canvas.current, { steps, places, way, head, stops, forks }, width, colour);
  }, [steps, places, way, head, stops, forks, width, colour]);
  const slider = useSlider(steps, places, setHovered);
  const tip = hovered === undefined ? undefined : steps[hovered];
  return (
    <div
      ref={slider.ref}
      className={classes.strip}
      role="slider"
      tabIndex={0}
      aria-label="Step"
      aria-orientation="horizontal"
      aria-valuenow={0}
      onPointerDown={slider.onPointerDown}
      onPointerMove={slider.onPointerMove}
      onPointerUp={slider.onPointerUp}
      onPointerLeave={() => setHovered(undefined)}
      onKeyDown={slider.onKeyDown}
    >
      <div ref={frame} className={classes.frame}>
        <canvas ref={canvas} className={classes.canvas} aria-hidden />
      </div>
      <div ref={slider.head} className={classes.playhead} aria-hidden />
      {tip && hovered !== undefined && (
        <StepTip step={tip} before={steps[hovered - 1]} x={places[hovered] ?? 0} width={width} />
      )}
    </div>
  );
}

/** Moves the playback by pointer and keys; where it stands is shown without rendering anything. */
function useSlider(
  steps: readonly Step[],
  places: Float64Array,
  onHover: (index: number | undefined) => void,
) {
  const { player } = useRecording();
  const ref = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const pending = useRef<{ frame: number; x: number }>({ frame: 0, x: 0 });
  useEffect(() => {
    const show = () => {
      const index = indexOf(steps, player.playback.sequence);
      const step = steps[index];
      if (step === undefined || ref.current === null || head.current === null) return;
      head.current.style.transform = `translateX(${places[index] ?? 0}px)`;
      setValue(ref.current, steps, step);
    };
    show();
    return player.subscribe(show);
  }, [player, steps, places]);
  useEffect(() => () => cancelAnimationFrame(pending.current.frame), []);
  const xOf = (event: PointerEvent) => event.clientX - event.currentTarget.getBoundingClientRect().left;
  // Pointers move more often than the screen shows anything.
  const seekSoon = (x: number) => {
    pending.current.x = x;
    if (pending.current.frame !== 0) return;
    pending.current.frame = requestAnimationFrame(() => {
      pending.current.frame = 0;
      const step = steps[nearestTo(places, pending.current.x)];
      if (step !== undefined && step.sequence !== player.playback.sequence) player.seek(step.sequence);
    });
  };
  return {
    ref,
    head,
    onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      onHover(undefined);
      seekSoon(xOf(event));
    },
    onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
      const x = xOf(event);
      if (event.currentTarget.hasPointerCapture(event.pointerId)) seekSoon(x);
      else onHover(nearestTo(places, x));
    },
    onPointerUp: (event: PointerEvent<HTMLDivElement>) => {
      event.currentTarget.releasePointerCapture(event.pointerId);
    },
    onKeyDown: (event: KeyboardEvent) => {
      const page = Math.max(1, Math.round(steps.length / 10));
      const counts: Readonly<Record<string, number>> = {
        ArrowLeft: -1,
        ArrowDown: -1,
        ArrowRight: 1,
        ArrowUp: 1,
        PageDown: -page,
        PageUp: page,
        Home: -steps.length,
        End: steps.length,
      };
      const count = counts[event.key];
      if (count === undefined) return;
      event.preventDefault();
      player.step(count);
    },
  };
}

function setValue(slider: HTMLElement, steps: readonly Step[], step: Step): void {
  const time = timeOf(step);
  slider.setAttribute("aria-valuemin", String(steps[0]?.sequence ?? 0));
  slider.setAttribute("aria-valuemax", String(steps.at(-1)?.sequence ?? 0));
  slider.setAttribute("aria-valuenow", String(step.sequence));
  const clock = Number.isNaN(time) ? "" : `, ${formatClock(new Date(time))}`;
  slider.setAttribute("aria-valuetext", `${step.sequence}, ${nameOf(step)}${clock}`);
}
