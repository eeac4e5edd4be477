import { ActionIcon, Text, Tooltip } from "@mantine/core";
import { GitFork, LineChart, X } from "lucide-react";
import { useDeferredValue, useRef } from "react";
import { CopyButton } from "../../../ui/CopyButton";
import { formatBytes } from "../../../ui/format";
import { JsonTree, valueAt } from "../../../ui/json";
import { ErrorState, LoadingState } from "../../../ui/states";
import { stepOf } from "../model/steps";
import { usePlayback, useRecording, useReelVersion, useSteps } from "../recording";
import classes from "./Panels.module.css";

interface StatePanelProps {
  readonly path: string | undefined;
  readonly onPath: (path: string | undefined) => void;
  readonly onHistory: () => void;
  /** Forks with another value at the path; undefined if the reader may not. */
  readonly onChange: ((path: string, value: unknown) => void) | undefined;
}

/** The state after the current step, with what the step changed. */
export function StatePanel({ path, onPath, onHistory, onChange }: StatePanelProps) {
  const { reel, changesOf } = useRecording();
  const steps = useSteps();
  const now = usePlayback((playback) => playback.sequence);
  useReelVersion();
  // Where a state is large, moving on comes before showing it.
  const sequence = useDeferredValue(now);
  const shown = useRef<{ sequence: number; state: unknown }>(undefined);
  const held = reel.peek(sequence);
  if (held !== undefined && sequence > 0) shown.current = { sequence, state: held.state };
  if (held === undefined && reel.error !== undefined) {
    return <ErrorState error={reel.error} onRetry={() => reel.retry()} />;
  }
  const current = shown.current;
  if (current === undefined) return <LoadingState label="Loading the state" />;
  const step = stepOf(steps, current.sequence);
  const changes = step === undefined || step.parentSequence === 0 ? undefined : changesOf(current.sequence);
  return (
    <>
      <div
        className={`${classes.body} ${current.sequence === now ? "" : classes.stale}`}
        aria-busy={current.sequence !== now}
      >
        <JsonTree
          value={current.state}
          label={`State after step ${current.sequence}`}
          changes={changes?.changes}
          selected={path}
          onSelect={onPath}
          tools={
            <Text size="xs" c="dimmed" visibleFrom="sm" style={{ whiteSpace: "nowrap" }}>
              {formatBytes(step?.stateBytes ?? 0)}
            </Text>
          }
        />
      </div>
      {path !== undefined && (
        <PathBar
          path={path}
          value={valueAt(current.state, path)}
          onPath={onPath}
          onHistory={onHistory}
          onChange={onChange}
        />
      )}
    </>
  );
}

interface PathBarProps extends StatePanelProps {
  readonly path: string;
  readonly value: unknown;
}

function PathBar({ path, value, onPath, onHistory, onChange }: PathBarProps) {
  return (
    <section className={classes.pathBar} aria-label="Chosen value">
      <span className={classes.pathText} title={path}>
        {path === "" ? "The whole state" : path}
      </span>
      <CopyButton value={path} label="Copy the path" />
      <CopyButton value={JSON.stringify(value, null, 2) ?? ""} label="Copy the value" />
      <Tooltip label="History of this value">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-label="History of this value"
          onClick={onHistory}
        >
          <LineChart size={14} />
        </ActionIcon>
      </Tooltip>
      {onChange && (
        <Tooltip label="Fork with another value">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label="Fork with another value"
            onClick={() => onChange(path, value)}
          >
            <GitFork size={14} />
          </ActionIcon>
        </Tooltip>
      )}
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label="Choose no value"
        onClick={() => onPath(undefined)}
      >
        <X size={14} />
      </ActionIcon>
    </section>
  );
}
