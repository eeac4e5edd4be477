import { ActionIcon, SegmentedControl, Select, Tooltip } from "@mantine/core";
import {
  ChevronFirst,
  ChevronLast,
  CircleAlert,
  type LucideIcon,
  Pause,
  Play,
  SkipBack,
  SkipForward,
  StepBack,
  StepForward,
} from "lucide-react";
import { type ReactNode, useDeferredValue, useState } from "react";
import { useShortcut } from "../../../app/shortcuts";
import { SPEEDS } from "../model/player";
import { nameOf, stepOf } from "../model/steps";
import { usePlayback, useRecording, useSteps } from "../recording";
import type { Axis } from "./layout";
import classes from "./Timeline.module.css";

const GROUP = "Playback";
const AXES = [
  { value: "steps", label: "Steps" },
  { value: "time", label: "Time" },
];

interface PlaybackControlsProps {
  readonly axis: Axis;
  readonly onAxis: (axis: Axis) => void;
  /** Breakpoints and errors, in order: where `[` and `]` lead. */
  readonly marks: readonly number[];
  /** More at the right, such as the breakpoints. */
  readonly children: ReactNode;
}

/** Plays, steps and jumps. */
export function PlaybackControls({ axis, onAxis, marks, children }: PlaybackControlsProps) {
  const { player } = useRecording();
  const isPlaying = usePlayback((playback) => playback.isPlaying);
  const speed = usePlayback((playback) => playback.speed);
  usePlaybackKeys(marks);
  return (
    <div className={classes.controls}>
      <fieldset className={classes.buttons} aria-label="Playback">
        <Control label="To the start" keys="Home" icon={ChevronFirst} onClick={() => player.toStart()} />
        <Control
          label="Previous breakpoint or error"
          keys="["
          icon={SkipBack}
          isDisabled={marks.length === 0}
          onClick={() => player.seekAmong(marks, -1)}
        />
        <Control label="Step back" keys="←" icon={StepBack} onClick={() => player.step(-1)} />
        <Tooltip label={isPlaying ? "Pause (Space)" : "Play (Space)"}>
          <ActionIcon
            variant="filled"
            radius="xl"
            size="md"
            mx={4}
            aria-label={isPlaying ? "Pause" : "Play"}
            onClick={() => player.toggle()}
          >
            {isPlaying ? <Pause size={15} fill="currentColor" /> : <Play size={15} fill="currentColor" />}
          </ActionIcon>
        </Tooltip>
        <Control label="Step forward" keys="→" icon={StepForward} onClick={() => player.step(1)} />
        <Control
          label="Next breakpoint or error"
          keys="]"
          icon={SkipForward}
          isDisabled={marks.length === 0}
          onClick={() => player.seekAmong(marks, 1)}
        />
        <Control label="To the end" keys="End" icon={ChevronLast} onClick={() => player.toEnd()} />
      </fieldset>
      <Select
        size="xs"
        w={76}
        aria-label="Speed"
        data={SPEEDS.map((each) => ({ value: String(each), label: `${each} ×` }))}
        value={String(speed)}
        onChange={(value) => player.setSpeed(Number(value ?? 1))}
        allowDeselect={false}
      />
      <Where />
      {children}
      <SegmentedControl
        size="xs"
        data={AXES}
        value={axis}
        onChange={(value) => onAxis(value as Axis)}
        aria-label="Scale of the timeline"
      />
    </div>
  );
}

function usePlaybackKeys(marks: readonly number[]): void {
  const { player } = useRecording();
  useShortcut({ keys: " ", label: "Play or pause", group: GROUP }, () => player.toggle());
  useShortcut({ keys: "ArrowLeft", label: "Step back", group: GROUP }, () => player.step(-1));
  useShortcut({ keys: "ArrowRight", label: "Step forward", group: GROUP }, () => player.step(1));
  useShortcut({ keys: "k", label: "Step back", group: GROUP }, () => player.step(-1));
  useShortcut({ keys: "j", label: "Step forward", group: GROUP }, () => player.step(1));
  useShortcut({ keys: "Home", label: "To the start", group: GROUP }, () => player.toStart());
  useShortcut({ keys: "End", label: "To the end", group: GROUP }, () => player.toEnd());
  useShortcut({ keys: "[", label: "Previous breakpoint or error", group: GROUP }, () =>
    player.seekAmong(marks, -1),
  );
  useShortcut({ keys: "]", label: "Next breakpoint or error", group: GROUP }, () =>
    player.seekAmong(marks, 1),
  );
}

interface ControlProps {
  readonly label: string;
  readonly keys: string;
  readonly icon: LucideIcon;
  readonly isDisabled?: boolean;
  readonly onClick: () => void;
}

function Control({ label, keys, icon: Icon, isDisabled = false, onClick }: ControlProps) {
  return (
    <Tooltip label={`${label} (${keys})`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="md"
        aria-label={label}
        disabled={isDisabled}
        onClick={onClick}
      >
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

/** Where the playback stands, and a field to jump elsewhere. */
function Where() {
  const steps = useSteps();
  const sequence = useDeferredValue(usePlayback((playback) => playback.sequence));
  const isAtStop = usePlayback((playback) => playback.isAtStop);
  const isPlaying = usePlayback((playback) => playback.isPlaying);
  const step = stepOf(steps, sequence);
  return (
    <div className={classes.where}>
      <JumpField sequence={sequence} last={steps.at(-1)?.sequence ?? 0} />
      <span className={classes.quiet}>of {steps.at(-1)?.sequence ?? 0}</span>
      {step && <span className={classes.stepName}>{nameOf(step)}</span>}
      <span role="status" className={classes.stop}>
        {isAtStop && !isPlaying && (
          <>
            <CircleAlert size={12} aria-hidden style={{ verticalAlign: "-2px" }} /> Stopped at a breakpoint
          </>
        )}
      </span>
    </div>
  );
}

function JumpField({ sequence, last }: { sequence: number; last: number }) {
  const { player } = useRecording();
  const [typed, setTyped] = useState<string>();
  const jump = () => {
    const wanted = Number(typed);
    setTyped(undefined);
    if (Number.isInteger(wanted) && wanted > 0) player.seek(wanted);
  };
  return (
    <input
      className={classes.jump}
      inputMode="numeric"
      aria-label={`Jump to step, 1 to ${last}`}
      value={typed ?? String(sequence)}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setTyped(event.currentTarget.value.replace(/\D/g, ""))}
      onBlur={() => typed !== undefined && jump()}
      onKeyDown={(event) => {
        if (event.key === "Enter") jump();
        if (event.key === "Escape") setTyped(undefined);
      }}
    />
  );
}
