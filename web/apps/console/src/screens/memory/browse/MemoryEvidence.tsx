import { Badge, Button, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type Memory, TimeloomError } from "@timeloom/client";
import { useApi } from "@timeloom/client/react";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { type FormEvent, useState } from "react";
import { formatShare } from "../../../ui/format";
import { ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { reread } from "../ui/reread";
import classes from "./MemoryDetail.module.css";

const EVIDENCE_SHOWN = 100;
const PATH = "/api/agent-memory/{memoryId}/evidence";

/** Who confirms a memory and who contradicts it; one may say so here, too. */
export function MemoryEvidence({ memory }: { memory: Memory }) {
  const params = { path: { memoryId: memory.id }, query: { pageSize: EVIDENCE_SHOWN } };
  const evidence = useApi().useQuery("get", PATH, { params });
  if (evidence.isError) return <ErrorState error={evidence.error} onRetry={() => void evidence.refetch()} />;
  if (evidence.data === undefined) return <LoadingState label="Loading the evidence" />;
  const { evidence: said } = evidence.data;
  return (
    <Stack gap="md">
      <Text size="sm">
        Confidence {formatShare(memory.confidence)}.{" "}
        <Text span size="sm" c="dimmed">
          Each agent has one voice, its last word; without any it is 50 %.
        </Text>
      </Text>
      <div>
        {said.length === 0 && (
          <Text size="sm" c="dimmed">
            Nobody has confirmed or contradicted it yet.
          </Text>
        )}
        {said.map((each) => (
          <div key={each.id} className={classes.evidence}>
            <Group gap={8}>
              <Stance stance={each.stance} />
              <Text size="sm" fw={600}>
                {each.agentId}
              </Text>
              {each.createTime && <TimeAgo time={each.createTime} size="xs" />}
            </Group>
            {each.note !== "" && (
              <Text size="sm" mt={2}>
                {each.note}
              </Text>
            )}
          </div>
        ))}
      </div>
      <EvidenceForm memoryId={memory.id} />
    </Stack>
  );
}

function Stance({ stance }: { stance: string }) {
  const confirms = stance === "CONFIRMS";
  const Icon = confirms ? ThumbsUp : ThumbsDown;
  return (
    <Badge
      variant="light"
      color={confirms ? "green" : "red"}
      radius="sm"
      tt="none"
      leftSection={<Icon size={11} aria-hidden />}
    >
      {confirms ? "Confirms" : "Contradicts"}
    </Badge>
  );
}

function EvidenceForm({ memoryId }: { memoryId: string }) {
  const queries = useQueryClient();
  const [stance, setStance] = useState<"CONFIRMS" | "CONTRADICTS">("CONFIRMS");
  const [agentId, setAgentId] = useState("");
  const [note, setNote] = useState("");
  const add = useApi().useMutation("post", PATH, { onSuccess: () => reread(queries) });
  const problem = add.error instanceof TimeloomError ? add.error : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(
      { params: { path: { memoryId } }, body: { stance, agentId, note } },
      { onSuccess: () => setNote("") },
    );
  };
  return (
    <form onSubmit={submit} aria-label="Say whether it is right">
      <Stack gap="xs">
        <Group gap="xs" align="flex-end">
          <SegmentedControl
            size="xs"
            aria-label="Stance"
            value={stance}
            onChange={(value) => setStance(value as typeof stance)}
            data={[
              { value: "CONFIRMS", label: "Confirm" },
              { value: "CONTRADICTS", label: "Contradict" },
            ]}
          />
          <TextInput
            size="xs"
            flex={1}
            required
            label="As agent"
            value={agentId}
            maxLength={200}
            error={problem?.violation("agentId")}
            onChange={(event) => setAgentId(event.currentTarget.value)}
          />
        </Group>
        <TextInput
          size="xs"
          label="Note"
          value={note}
          maxLength={2000}
          error={problem?.violation("note")}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {problem && problem.violations.length === 0 && (
          <Text size="sm" c="var(--tl-bad)" role="alert">
            {problem.message}
          </Text>
        )}
        <Group justify="flex-end">
          <Button type="submit" size="xs" loading={add.isPending} disabled={agentId.trim() === ""}>
            Say so
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
