import { Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { Memory, Proposal } from "@timeloom/client";
import { useApi, useMemoryUpkeep, useProposals } from "@timeloom/client/react";
import { Merge } from "lucide-react";
import { useState } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { messageOf, tell } from "../ui/notes";
import { reread } from "../ui/reread";
import { Alike } from "./Plan";
import classes from "./Upkeep.module.css";
import { useMemoriesById } from "./useMemoriesById";

const PAGE_SIZE = 30;
type State = "OPEN" | "APPLIED" | "REJECTED";

/** Near-duplicates that may become one memory: decided one by one, and a merge can be undone. */
export function Proposals({ namespace }: { namespace: string }) {
  const [state, setState] = useState<State>("OPEN");
  return (
    <Stack gap="md">
      <div>
        <SegmentedControl
          size="xs"
          aria-label="State of the proposals"
          value={state}
          onChange={(value) => setState(value as State)}
          data={[
            { value: "OPEN", label: "Open" },
            { value: "APPLIED", label: "Merged" },
            { value: "REJECTED", label: "Rejected" },
          ]}
        />
      </div>
      <ProposalList namespace={namespace} state={state} />
    </Stack>
  );
}

function ProposalList({ namespace, state }: { namespace: string; state: State }) {
  const proposals = useProposals({ namespace: namespace || undefined, state, pageSize: PAGE_SIZE });
  const shown = proposals.data ?? [];
  const memories = useMemoriesById(shown.flatMap((each) => each.memoryIds));
  if (proposals.isError)
    return <ErrorState error={proposals.error} onRetry={() => void proposals.refetch()} />;
  if (proposals.data === undefined) return <LoadingState label="Loading proposals" />;
  if (shown.length === 0) {
    return (
      <EmptyState
        icon={Merge}
        title={state === "OPEN" ? "Nothing to decide" : "None"}
        text="Optimising a namespace proposes to merge what says the same."
      />
    );
  }
  return (
    <Stack gap="sm" align="stretch">
      <ul className={classes.list} aria-label="Proposals">
        {shown.map((each) => (
          <li key={each.id} className={classes.group}>
            <ProposalRow proposal={each} memories={memories} />
          </li>
        ))}
      </ul>
      {proposals.hasNextPage && (
        <Button
          size="xs"
          variant="default"
          loading={proposals.isFetchingNextPage}
          onClick={() => void proposals.fetchNextPage()}
        >
          More proposals
        </Button>
      )}
    </Stack>
  );
}

function ProposalRow({ proposal, memories }: { proposal: Proposal; memories: ReadonlyMap<string, Memory> }) {
  const mayWrite = useSignedIn().scope !== "READ";
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <div>
        <Alike ids={proposal.memoryIds} memories={memories} />
        <Text size="xs" c="dimmed">
          a likeness of {proposal.similarity.toFixed(3)}, in {proposal.namespace}
        </Text>
      </div>
      {mayWrite && proposal.state === "OPEN" && <Decide proposal={proposal} />}
      {mayWrite && proposal.state === "APPLIED" && <Undo merged={mergedOf(proposal, memories)} />}
    </Group>
  );
}

/** The memory that took the place of those that were merged. */
function mergedOf(proposal: Proposal, memories: ReadonlyMap<string, Memory>): string {
  const places = proposal.memoryIds.map((id) => memories.get(id)?.supersededBy ?? "");
  return places.find((each) => each !== "") ?? "";
}

function Decide({ proposal }: { proposal: Proposal }) {
  const { applyProposal, rejectProposal } = useMemoryUpkeep();
  const proposalId = proposal.id;
  const onError = (error: Error) => tell(messageOf(error), "bad");
  return (
    <Group gap={6} wrap="nowrap">
      <Button
        size="compact-sm"
        loading={applyProposal.isPending}
        onClick={() =>
          applyProposal.mutate(
            { proposalId },
            { onSuccess: () => tell("Merged. It can be undone among the merged ones."), onError },
          )
        }
      >
        Merge
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        loading={rejectProposal.isPending}
        onClick={() =>
          rejectProposal.mutate(
            { proposalId },
            { onSuccess: () => tell("Rejected. It is not proposed again."), onError },
          )
        }
      >
        Reject
      </Button>
    </Group>
  );
}

function Undo({ merged }: { merged: string }) {
  const queries = useQueryClient();
  const undo = useApi().useMutation("post", "/api/agent-memory/{memoryId}:undo-merge", {
    onSuccess: () => reread(queries),
  });
  return (
    <Button
      size="compact-sm"
      variant="default"
      disabled={merged === ""}
      loading={undo.isPending}
      onClick={() =>
        undo.mutate(
          { params: { path: { memoryId: merged } }, body: {} },
          {
            onSuccess: ({ memories }) => tell(`${memories.length} memories are as they were before.`),
            onError: (error) => tell(messageOf(error), "bad"),
          },
        )
      }
    >
      Undo the merge
    </Button>
  );
}
