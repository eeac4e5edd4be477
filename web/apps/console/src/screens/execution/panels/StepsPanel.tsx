import { useVirtualizer } from "@tanstack/react-virtual";
import { Zap } from "lucide-react";
import { type KeyboardEvent, memo, useDeferredValue, useId, useRef } from "react";
import { formatCount, formatDuration } from "../../../ui/format";
import type { Changes } from "../../../ui/json";
import { indexOf, nameOf, type Step, timeOf } from "../model/steps";
import { usePlayback, useRecording, useReelVersion, useSteps } from "../recording";
import classes from "./Panels.module.css";
import { StepSign } from "./StepSign";
import { useRowInView } from "./useRowInView";

const ROW_PIXELS = 44;
const NAMED_MAX = 3;

interface StepsPanelProps {
  readonly way: ReadonlySet<number>;
  readonly stops: ReadonlySet<number>;
}

/** All steps, with what each changed. */
export function StepsPanel({ way, stops }: StepsPanelProps) {
  const { player, changesOf } = useRecording();
  const steps = useSteps();
  const sequence = useDeferredValue(usePlayback((playback) => playback.sequence));
  useReelVersion();
  const listId = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: steps.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 6,
  });
  const current = indexOf(steps, sequence);
  useRowInView(virtual, current, ROW_PIXELS);
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_PIXELS) - 1);
    const counts: Readonly<Record<string, number>> = {
      ArrowUp: -1,
      k: -1,
      ArrowDown: 1,
      j: 1,
      PageUp: -page,
      PageDown: page,
      Home: -steps.length,
      End: steps.length,
    };
    const count = counts[event.key];
    if (count === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    player.step(count);
  };
  return (
    <>
      <div className={classes.heading}>
        <span>Steps</span>
        <span className={classes.aside}>{formatCount(steps.length)}</span>
      </div>
      <div
        ref={scroller}
        className={classes.list}
        role="listbox"
        tabIndex={0}
        aria-label="Steps"
        aria-activedescendant={`${listId}-${sequence}`}
        onKeyDown={onKeyDown}
      >
        <div role="none" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const step = steps[item.index];
            return (
              step && (
                <StepRow
                  key={step.sequence}
                  id={`${listId}-${step.sequence}`}
                  step={step}
                  before={steps[item.index - 1]}
                  start={item.start}
                  count={steps.length}
                  position={item.index + 1}
                  isCurrent={step.sequence === sequence}
                  isLeft={!way.has(step.sequence)}
                  hasStop={stops.has(step.sequence)}
                  changes={changesOf(step.sequence)}
                  onChoose={(chosen) => player.seek(chosen)}
                />
              )
            );
          })}
        </div>
      </div>
    </>
  );
}

interface StepRowProps {
  readonly id: string;
  readonly step: Step;
  readonly before: Step | undefined;
  readonly start: number;
  readonly count: number;
  readonly position: number;
  readonly isCurrent: boolean;
  /** A rollback left it behind. */
  readonly isLeft: boolean;
  readonly hasStop: boolean;
  readonly changes: Changes | undefined;
  readonly onChoose: (sequence: number) => void;
}

const StepRow = memo(
  function StepRow(of: StepRowProps) {
    const { step, before } = of;
    const since = timeOf(step) - timeOf(before);
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself has the focus and handles the keys
      <div
        id={of.id}
        role="option"
        tabIndex={-1}
        aria-selected={of.isCurrent}
        aria-posinset={of.position}
        aria-setsize={of.count}
        className={classes.step}
        data-left={of.isLeft || undefined}
        style={{ transform: `translateY(${of.start}px)`, height: ROW_PIXELS }}
        onClick={() => of.onChoose(step.sequence)}
      >
        <span className={classes.number}>{step.sequence}</span>
        <StepSign kind={step.kind} />
        <span className={classes.stepName}>
          {nameOf(step)}
          {of.isLeft && <span className="visually-hidden">, left behind by a rollback</span>}
        </span>
        <span className={classes.aside}>
          {of.hasStop && <span className={classes.breakpoint} role="img" aria-label="Breakpoint" />}
          {step.effectCount > 0 && (
            <span title={`${step.effectCount} effects`}>
              <Zap size={11} aria-hidden style={{ verticalAlign: "-1px" }} /> {step.effectCount}
              <span className="visually-hidden">effects</span>
            </span>
          )}
          {since > 0 && `+${formatDuration(since)}`}
        </span>
        <span className={classes.summary}>{summaryOf(step, of.changes)}</span>
      </div>
    );
  },
  (one, other) =>
    one.step === other.step &&
    one.start === other.start &&
    one.count === other.count &&
    one.isCurrent === other.isCurrent &&
    one.isLeft === other.isLeft &&
    one.hasStop === other.hasStop &&
    one.changes === other.changes,
);

function summaryOf(step: Step, found: Changes | undefined): string {
  if (step.parentSequence === 0) return "first state";
  if (found === undefined) return " ";
  const paths = [...new Set(found.changes.map((each) => each.path.slice(1).replaceAll("/", ".")))];
  if (paths.length === 0) return "nothing changed";
  const more = paths.length - NAMED_MAX;
  return paths.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` +${more}${found.truncated ? "+" : ""}` : "");
}
