import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import type { Job } from "@timeloom/client";
import { useMemoryUpkeep } from "@timeloom/client/react";
import { StatusBadge } from "../../../ui/StatusBadge";
import { messageOf, tell } from "../ui/notes";
import classes from "./Upkeep.module.css";

const KINDS: Readonly<Record<string, string>> = {
  OPTIMIZE: "Optimise",
  CLUSTER: "Cluster",
  REEMBED: "Make vectors anew",
};

/** What a job is called. */
export function nameOf(job: Job): string {
  const name = KINDS[job.kind] ?? job.kind;
  return job.dryRun ? `${name}, plan only` : name;
}

/** How far a job is, and a way to end it. */
export function JobProgress({ job }: { job: Job }) {
  const { cancelJob } = useMemoryUpkeep();
  const isGoing = job.state === "RUNNING" || job.state === "PENDING";
  const part = job.totalCount > 0 ? (100 * job.doneCount) / job.totalCount : isGoing ? 5 : 100;
  return (
    <Stack gap={6} className={classes.box} role="status">
      <Group justify="space-between">
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {nameOf(job)}
          </Text>
          <StatusBadge status={job.state} />
        </Group>
        {isGoing && (
          <Button
            size="compact-xs"
            variant="default"
            loading={cancelJob.isPending}
            onClick={() =>
              cancelJob.mutate({ jobId: job.id }, { onError: (error) => tell(messageOf(error), "bad") })
            }
          >
            Cancel the job
          </Button>
        )}
      </Group>
      {isGoing && <Progress value={part} size={6} animated aria-label="Progress of the job" />}
      {(isGoing || job.error !== "") && (
        <Text size="xs" c={job.error === "" ? "dimmed" : "var(--tl-bad)"}>
          {job.error || `${job.phase || "waiting"}: ${job.doneCount} of ${job.totalCount}`}
        </Text>
      )}
    </Stack>
  );
}
