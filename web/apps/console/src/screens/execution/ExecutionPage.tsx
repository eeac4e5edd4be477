import { Alert, UnstyledButton } from "@mantine/core";
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { Execution } from "@timeloom/client";
import { useExecution } from "@timeloom/client/react";
import { CircleX } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useSignedIn } from "../../app/SessionGate";
import { Id } from "../../ui/Id";
import { LiveToggle } from "../../ui/LiveToggle";
import { Page } from "../../ui/Page";
import { StatusBadge } from "../../ui/StatusBadge";
import { EmptyState, ErrorState, LoadingState } from "../../ui/states";
import { ForkDialog, type ForkStart } from "./dialogs/ForkDialog";
import { RollbackDialog } from "./dialogs/RollbackDialog";
import classes from "./Execution.module.css";
import { ExecutionActions } from "./ExecutionActions";
import { ExecutionFacts } from "./ExecutionFacts";
import { ExecutionTags } from "./ExecutionTags";
import { wayTo } from "./model/steps";
import { Panels } from "./panels/Panels";
import { RecordingProvider, usePlayback, useRecording, useSteps } from "./recording";
import type { ExecutionSearch } from "./routes";
import { BreakpointsMenu } from "./timeline/BreakpointsMenu";
import type { Axis } from "./timeline/layout";
import { PlaybackControls } from "./timeline/PlaybackControls";
import { Timeline } from "./timeline/Timeline";
import timelineClasses from "./timeline/Timeline.module.css";
import { useBreakpoints } from "./timeline/useBreakpoints";
import { useTimelineEntries } from "./useTimelineEntries";

/** From here on there is room for steps, state and effects side by side. */
const WIDE = "(min-width: 68em)";
const ROUTE = "/executions/$executionId";
/** Browsers refuse to write addresses more often than a few times a second. */
const WRITTEN_MS = 300;

/** One execution: travel through its steps, see what they did, and go on from any of them. */
export function ExecutionPage() {
  const { executionId } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const found = useExecution(executionId);
  if (found.data === undefined) {
    return (
      <Page title="Execution">
        {found.error !== null ? (
          <ErrorState error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <LoadingState label="Loading the execution" />
        )}
      </Page>
    );
  }
  const isRunning = found.data.status === "RUNNING";
  return (
    <RecordingProvider key={executionId} executionId={executionId} isRunning={isRunning} at={search.at}>
      <ExecutionScreen execution={found.data} />
    </RecordingProvider>
  );
}

function ExecutionScreen({ execution }: { execution: Execution }) {
  const { player } = useRecording();
  const steps = useSteps();
  const { search, change } = useSearchState();
  const entries = useTimelineEntries(execution);
  const canWrite = useSignedIn().scope !== "READ";
  const isElsewhere = usePlayback(({ sequence }) => sequence > 0 && sequence !== execution.headSequence);
  const isWide = useMediaQuery(WIDE, true, { getInitialValueInEffect: false });
  const [forking, setForking] = useState<ForkStart>();
  const [target, setTarget] = useState<number>();
  const fork = useCallback(() => setForking({ sequence: player.playback.sequence }), [player]);
  const rollBack = useCallback(() => setTarget(player.playback.sequence), [player]);
  const way = useMemo(() => wayTo(steps, execution.headSequence), [steps, execution.headSequence]);
  const forks = useMemo(
    () => new Set(entries.flatMap((entry) => (entry.fork ? [entry.fork.sequence] : []))),
    [entries],
  );
  return (
    <Page
      title={execution.name || execution.agentId}
      isFilling={isWide}
      beside={
        <>
          <StatusBadge status={execution.status} />
          <Id value={execution.id} what="id of the execution" />
        </>
      }
      actions={
        <ExecutionActions
          execution={execution}
          canWrite={canWrite}
          canRollBack={isElsewhere}
          onFork={fork}
          onRollback={rollBack}
        />
      }
      below={
        <ExecutionFacts execution={execution} entries={entries}>
          <ExecutionTags execution={execution} canWrite={canWrite} />
        </ExecutionFacts>
      }
    >
      <div className={classes.screen}>
        {execution.error && <Failure error={execution.error} />}
        {steps.length === 0 ? (
          <EmptyState
            title="No steps yet"
            text="Each step that the agent records is shown here, as soon as it is committed."
          />
        ) : (
          <Recorded
            isWide={isWide}
            execution={execution}
            entries={entries}
            way={way}
            forks={forks}
            search={search}
            onSearch={change}
            onFork={canWrite ? setForking : undefined}
          />
        )}
      </div>
      <ForkDialog execution={execution} start={forking} onClose={() => setForking(undefined)} />
      <RollbackDialog
        execution={execution}
        entries={entries}
        sequence={target}
        onClose={() => setTarget(undefined)}
      />
    </Page>
  );
}

interface RecordedProps extends Omit<React.ComponentProps<typeof Panels>, "stops"> {
  readonly forks: ReadonlySet<number>;
}

function Recorded({ forks, ...panels }: RecordedProps) {
  const { execution, way } = panels;
  const { player } = useRecording();
  const [axis, setAxis] = useLocalStorage<Axis>({ key: "timeloom-execution-axis", defaultValue: "steps" });
  const breakpoints = useBreakpoints();
  const isFollowing = usePlayback((playback) => playback.isFollowing);
  return (
    <>
      <section className={timelineClasses.card} aria-label="Timeline">
        <Timeline
          axis={axis}
          way={way}
          head={execution.headSequence}
          stops={breakpoints.stops}
          forks={forks}
        />
        <PlaybackControls axis={axis} onAxis={setAxis} marks={breakpoints.marks}>
          {execution.status === "RUNNING" && (
            <LiveToggle isLive={isFollowing} onChange={(isLive) => player.setFollowing(isLive)} />
          )}
          <BreakpointsMenu breakpoints={breakpoints} />
        </PlaybackControls>
      </section>
      <div className={classes.panels}>
        <Panels {...panels} stops={breakpoints.stops} />
      </div>
    </>
  );
}

function Failure({ error }: { error: NonNullable<Execution["error"]> }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Alert
      role="region"
      className={classes.failure ?? ""}
      color="red"
      variant="light"
      py="xs"
      icon={<CircleX size={16} aria-hidden />}
      title={error.type || "Failed"}
    >
      {error.message}
      {error.stack !== "" && (
        <>
          {" "}
          <UnstyledButton fz="sm" td="underline" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? "Hide the stack" : "Show the stack"}
          </UnstyledButton>
          {isOpen && <pre className={classes.stack}>{error.stack}</pre>}
        </>
      )}
    </Alert>
  );
}

/** What is looked at, in the address: where the playback stands is written down when it rests. */
function useSearchState() {
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: ROUTE });
  const { player } = useRecording();
  const written = useRef(search.at);
  const change = useCallback(
    (next: ExecutionSearch) => {
      void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
    },
    [navigate],
  );
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = player.subscribe(() => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const { sequence, isFollowing } = player.playback;
        const isNewest = sequence === player.steps.at(-1)?.sequence;
        const at = isFollowing || isNewest ? undefined : sequence;
        if (at === written.current || player.playback.isPlaying) return;
        written.current = at;
        change({ at });
      }, WRITTEN_MS);
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [player, change]);
  useEffect(() => {
    // Somebody followed a link, or went back.
    if (search.at === written.current) return;
    written.current = search.at;
    if (search.at === undefined) player.toEnd();
    else player.seek(search.at);
  }, [search.at, player]);
  return { search, change };
}
