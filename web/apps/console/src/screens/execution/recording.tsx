import type { Timeloom } from "@timeloom/client";
import { useAllSnapshots, useTimeloom } from "@timeloom/client/react";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from "react";
import { type Changes, changesBetween } from "../../ui/json";
import { ErrorState, LoadingState } from "../../ui/states";
import { type Playback, Player } from "./model/player";
import { frameReader } from "./model/readers";
import { Reel } from "./model/reel";
import { type Step, stepOf } from "./model/steps";

const CHANGES_KEPT_MAX = 4_000;

/** An execution as it was recorded: its steps, their states, and where the reader stands. */
export interface Recording {
  readonly executionId: string;
  readonly reel: Reel;
  readonly player: Player;
  /** What a step changed; undefined until the states are at hand. */
  readonly changesOf: (sequence: number) => Changes | undefined;
}

interface Provided {
  readonly recording: Recording;
  readonly steps: readonly Step[];
}

const Context = createContext<Provided | undefined>(undefined);

interface RecordingProviderProps {
  readonly executionId: string;
  readonly isRunning: boolean;
  /** Where to stand at first; on the newest step if undefined. */
  readonly at: number | undefined;
  readonly children: ReactNode;
}

/** Reads the steps of an execution, also those that come while it runs, and lends them to what is below. */
export function RecordingProvider({ executionId, isRunning, at, children }: RecordingProviderProps) {
  const timeloom = useTimeloom();
  const all = useAllSnapshots(executionId);
  const recording = useMemo(() => recordingOf(timeloom, executionId), [timeloom, executionId]);
  const first = useRef({ at, isRunning });
  const placed = useRef<Recording>(undefined);
  useEffect(() => {
    const { reel, player } = recording;
    const unwant = player.subscribe(() => reel.want(player.playback.sequence, player.steps));
    const stopClock = runClock(player);
    return () => {
      unwant();
      stopClock();
      reel.close();
    };
  }, [recording]);
  const steps = all.data;
  useEffect(() => {
    if (steps === undefined) return;
    recording.player.setSteps(steps);
    if (placed.current === recording) return;
    placed.current = recording;
    if (first.current.at !== undefined) recording.player.seek(first.current.at);
    else if (first.current.isRunning) recording.player.setFollowing(true);
    else recording.player.toEnd();
  }, [recording, steps]);
  const provided = useMemo(() => steps && { recording, steps }, [recording, steps]);
  if (all.error !== null && provided === undefined) {
    return <ErrorState error={all.error} onRetry={() => void all.refetch()} />;
  }
  if (provided === undefined) return <LoadingState label="Loading the steps" />;
  return <Context.Provider value={provided}>{children}</Context.Provider>;
}

function recordingOf(timeloom: Timeloom, executionId: string): Recording {
  const reel = new Reel(frameReader(timeloom, executionId));
  const player = new Player((sequence) => reel.peek(sequence) !== undefined || reel.error !== undefined);
  const known = new Map<number, Changes>();
  const changesOf = (sequence: number) => {
    const found = known.get(sequence);
    const step = stepOf(player.steps, sequence);
    const newer = reel.peek(sequence);
    const older = reel.peek(step?.parentSequence ?? 0);
    if (found !== undefined || newer === undefined || older === undefined) return found;
    const changes = changesBetween(older.state, newer.state);
    if (known.size >= CHANGES_KEPT_MAX) known.clear();
    known.set(sequence, changes);
    return changes;
  };
  return { executionId, reel, player, changesOf };
}

/** Lets a playback have its time, frame by frame of the screen. */
function runClock(player: Player): () => void {
  let frame = 0;
  let before = 0;
  const tick = (now: number) => {
    player.advance(before === 0 ? 0 : now - before);
    before = now;
    frame = player.playback.isPlaying ? requestAnimationFrame(tick) : 0;
  };
  const unsubscribe = player.subscribe(() => {
    if (frame !== 0 || !player.playback.isPlaying) return;
    before = 0;
    frame = requestAnimationFrame(tick);
  });
  return () => {
    unsubscribe();
    cancelAnimationFrame(frame);
  };
}

function useProvided(): Provided {
  const provided = useContext(Context);
  if (provided === undefined) throw new Error("There is no recording here.");
  return provided;
}

/** The recording that is shown. */
export function useRecording(): Recording {
  return useProvided().recording;
}

/** The steps that are there by now, oldest first. */
export function useSteps(): readonly Step[] {
  return useProvided().steps;
}

/** Something simple about the playback, such as where it stands. */
export function usePlayback<Value extends string | number | boolean>(
  select: (playback: Playback) => Value,
): Value {
  const { player } = useRecording();
  return useSyncExternalStore(player.subscribe, () => select(player.playback));
}

/** Renders again when states were loaded. */
export function useReelVersion(): number {
  const { reel } = useRecording();
  return useSyncExternalStore(reel.subscribe, () => reel.version);
}
