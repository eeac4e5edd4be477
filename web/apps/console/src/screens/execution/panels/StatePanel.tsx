import { ActionIcon, Tooltip } from "@mantine/core";
import { GitFork, LineChart, X } from "lucide-react";
import { memo, useDeferredValue, useRef } from "react";
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
export function StatePanel(props: StatePanelProps) {
  const now = usePlayback((playback) => playback.sequence);
  // Where a state is large, moving on comes before showing it.
  const sequence = useDeferredValue(now);
  return (
    <div className={classes.pane} style={{ height: "100%" }} aria-busy={sequence !== now}>
      <StateView sequence={sequence} {...props} />
    </div>
  );
}

const StateView = memo(function StateView({ sequence, ...props }: StatePanelProps & { sequence: number }) {
  const { path, onPath } = props;
  const { reel, changesOf } = useRecording();
  const steps = useSteps();
  useReelVersion();
  const shown = useRef<{ sequence: number; state: unknown }>(undefined);
  const held = reel.peek(sequence);
  if (held !== undefined && sequence > 0) shown.current = { sequence, state: held.state };
  if (held === undefined && reel.error !== undefined) {
    return <ErrorState error={reel.error} onRetry={() => reel.retry()} />;
  }
  const current = shown.current;
  if (current === undefined) return <LoadingState label="Loading the state" />;
  const isFirst = stepOf(steps, current.sequence)?.parentSequence === 0;
  const changes = isFirst ? undefined : changesOf(current.sequence)?.changes;
  return (
    <>
      <div className={`${classes.body} ${current.sequence === sequence ? "" : classes.stale}`}>
        <JsonTree
          value={current.state}
          label={`State after step ${current.sequence}`}
          changes={changes}
          selected={path}
          onSelect={onPath}
          tools={STATE_SIZE}
        />
      </div>
      {path !== undefined && <PathBar {...props} path={path} value={valueAt(current.state, path)} />}
    </>
  );
});

function StateSize() {
  const steps = useSteps();
  const sequence = useDeferredValue(usePlayback((playback) => playback.sequence));
  return <span className={classes.aside}>{formatBytes(stepOf(steps, sequence)?.stateBytes ?? 0)}</span>;
}

// One element for all states, so that the bar of the tree stays as it is.
const STATE_SIZE = <StateSize />;

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
