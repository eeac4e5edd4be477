import { Button, Checkbox, Input, Slider, Stack, Text } from "@mantine/core";
import type { Job } from "@timeloom/client";
import { useMemoryJob, useMemoryUpkeep } from "@timeloom/client/react";
import { Sparkles } from "lucide-react";
import { useState } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { Problem } from "../../../ui/Problem";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { JobProgress } from "./JobProgress";
import { Plan } from "./Plan";
import { reportOf, TASKS, type TaskName, tasksOf } from "./report";
import classes from "./Upkeep.module.css";

const SIMILARITY_DEFAULT = 0.95;
const POLL_MS = 700;

interface OptimiseProps {
  readonly namespace: string;
  readonly jobId: string | undefined;
  readonly onJob: (jobId: string) => void;
}

/** Looks after a namespace: a plan first, then the same for real. */
export function Optimise({ namespace, jobId, onJob }: OptimiseProps) {
  const mayWrite = useSignedIn().scope !== "READ";
  const { optimize } = useMemoryUpkeep();
  const [tasks, setTasks] = useState<string[]>(TASKS.map((each) => each.value));
  const [similarity, setSimilarity] = useState(SIMILARITY_DEFAULT);
  const [merges, setMerges] = useState(false);
  if (namespace === "") {
    return (
      <EmptyState
        icon={Sparkles}
        title="Choose a namespace"
        text="It is looked after as a whole: what is said twice, what has faded, and what it is about."
      />
    );
  }
  const start = (dryRun: boolean, wanted: readonly string[]) =>
    optimize
      .mutateAsync({ namespace, tasks: [...wanted], dryRun, similarity, applyProposals: merges })
      .then((job) => onJob(job.id));
  return (
    <div className={classes.panes}>
      <Stack gap="md" className={classes.box} component="section" aria-label="What to do">
        <Checkbox.Group label="What to look after" value={tasks} onChange={setTasks}>
          <Stack gap="xs" mt="xs">
            {TASKS.map(({ value, label, hint }) => (
              <Checkbox key={value} value={value} size="xs" label={label} description={hint} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Input.Wrapper
          label={`Duplicates from a likeness of ${similarity}`}
          labelElement="div"
          description="The cosine of their vectors."
        >
          <Slider
            mt={8}
            min={0.8}
            max={1}
            step={0.01}
            label={null}
            thumbLabel="Likeness of duplicates"
            value={similarity}
            onChange={setSimilarity}
          />
        </Input.Wrapper>
        <Checkbox
          size="xs"
          label="Merge duplicates at once"
          description="Otherwise they are proposed, and you decide. A merge can be undone."
          checked={merges}
          onChange={(event) => setMerges(event.currentTarget.checked)}
        />
        {optimize.error && <Problem error={optimize.error} />}
        <Button
          loading={optimize.isPending}
          disabled={tasks.length === 0 || !mayWrite}
          onClick={() => void start(true, tasks).catch(() => undefined)}
        >
          Show the plan
        </Button>
        {!mayWrite && (
          <Text size="xs" c="dimmed">
            Your key may only read.
          </Text>
        )}
      </Stack>
      {jobId === undefined ? (
        <EmptyState
          title="No plan yet"
          text="A plan says exactly what a run would do, and changes nothing."
        />
      ) : (
        <JobResult jobId={jobId} onRun={mayWrite ? (wanted) => start(false, wanted) : undefined} />
      )}
    </div>
  );
}

interface JobResultProps {
  readonly jobId: string;
  readonly onRun: ((tasks: readonly TaskName[]) => Promise<void>) | undefined;
}

function JobResult({ jobId, onRun }: JobResultProps) {
  const [isEnded, setEnded] = useState<string>();
  const job = useMemoryJob(jobId, { refetchInterval: isEnded === jobId ? false : POLL_MS });
  const [isAsked, setAsked] = useState(false);
  if (job.isError) return <ErrorState error={job.error} onRetry={() => void job.refetch()} />;
  if (job.data === undefined) return <LoadingState label="Loading the job" />;
  if (hasEnded(job.data) && isEnded !== jobId) setEnded(jobId);
  const report = reportOf(job.data.report);
  return (
    <Stack gap="md">
      <JobProgress job={job.data} />
      {report && (
        <Plan
          report={report}
          isDryRun={job.data.dryRun}
          actions={
            job.data.dryRun &&
            onRun && (
              <Button size="xs" onClick={() => setAsked(true)}>
                Run this plan
              </Button>
            )
          }
        />
      )}
      {report && (
        <ConfirmDialog
          isOpen={isAsked}
          onClose={() => setAsked(false)}
          title={`Run this on ${job.data.namespace}?`}
          action="Run"
          isDestructive={false}
          onConfirm={async () => onRun?.(tasksOf(report))}
        >
          <Text size="sm">
            It does what the plan says, as a job in the background. What is merged can be taken apart again,
            and what is archived can be taken out.
          </Text>
        </ConfirmDialog>
      )}
    </Stack>
  );
}

export function hasEnded(job: Job): boolean {
  return job.state === "SUCCEEDED" || job.state === "FAILED" || job.state === "CANCELLED";
}
