import { Button, Stack, Text } from "@mantine/core";
import type { Job } from "@timeloom/client";
import { useMemoryJobs } from "@timeloom/client/react";
import { Cog } from "lucide-react";
import { PlainTable, WideCell } from "../../../ui/PlainTable";
import { StatusBadge } from "../../../ui/StatusBadge";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { nameOf } from "./JobProgress";

const PAGE_SIZE = 50;
const POLL_MS = 3_000;

/** What the memory service does and did in the background. */
export function Jobs({ namespace, onOpen }: { namespace: string; onOpen: (job: Job) => void }) {
  const jobs = useMemoryJobs(
    { namespace: namespace || undefined, pageSize: PAGE_SIZE },
    { refetchInterval: POLL_MS },
  );
  if (jobs.isError) return <ErrorState error={jobs.error} onRetry={() => void jobs.refetch()} />;
  if (jobs.data === undefined) return <LoadingState label="Loading jobs" />;
  if (jobs.data.length === 0) {
    return (
      <EmptyState
        icon={Cog}
        title="No jobs yet"
        text="Optimising, clustering and new vectors are jobs in the background."
      />
    );
  }
  return (
    <Stack gap="sm">
      <PlainTable label="Jobs" columns={["Job", "State", "Namespace", "Progress", "Begun"]}>
        {jobs.data.map((job) => (
          <tr key={job.id}>
            <td>{nameOf(job)}</td>
            <td>
              <StatusBadge status={job.state} />
            </td>
            <WideCell>{job.namespace}</WideCell>
            <td>
              <Text span size="sm" c="dimmed">
                {job.error || `${job.doneCount} of ${job.totalCount}`}
              </Text>
            </td>
            <td>{job.createTime && <TimeAgo time={job.createTime} />}</td>
            <td>
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={`Open ${nameOf(job)} of ${job.namespace}`}
                onClick={() => onOpen(job)}
              >
                Open
              </Button>
            </td>
          </tr>
        ))}
      </PlainTable>
      {jobs.hasNextPage && (
        <Button size="xs" variant="default" onClick={() => void jobs.fetchNextPage()}>
          More jobs
        </Button>
      )}
    </Stack>
  );
}
