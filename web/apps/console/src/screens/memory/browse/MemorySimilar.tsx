import { Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Memory } from "@timeloom/client";
import { useMemorySearch } from "@timeloom/client/react";
import { ErrorState, LoadingState } from "../../../ui/states";
import { similarKept } from "../local/similar";
import { useKept } from "../local/useLocal";
import classes from "./MemoryDetail.module.css";

const SHOWN = 10;

interface MemorySimilarProps {
  readonly memory: Memory;
  readonly onOpen: (memoryId: string) => void;
  readonly isOffline: boolean;
}

/** What is like a memory in meaning: asked of the server, or found in this browser among what it keeps. */
export function MemorySimilar(props: MemorySimilarProps) {
  if (props.isOffline) return <SimilarHere {...props} />;
  if (props.memory.vector.length === 0) return <NoVector />;
  return <SimilarThere {...props} />;
}

function SimilarThere({ memory, onOpen }: MemorySimilarProps) {
  const found = useMemorySearch({
    vector: memory.vector,
    vectorModel: memory.embeddingModel,
    limit: SHOWN + 1,
    silent: true,
    explain: true,
  });
  if (found.isError) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data === undefined || found.isPlaceholderData) return <LoadingState label="Comparing" />;
  const rows = found.data.results
    .flatMap(({ memory: other, signals }) =>
      other === undefined || other.id === memory.id
        ? []
        : { memory: other, score: signals?.semantic?.value ?? 0 },
    )
    .sort((left, right) => right.score - left.score)
    .slice(0, SHOWN);
  return <Likenesses rows={rows} onOpen={onOpen} note="Everywhere, by the cosine of the vectors." />;
}

function SimilarHere({ memory, onOpen }: MemorySimilarProps) {
  const kept = useKept(true);
  const found = useQuery({
    queryKey: ["similar kept memories", memory.id, kept.dataUpdatedAt],
    queryFn: () => similarKept(kept.data ?? [], memory.id, SHOWN),
    enabled: kept.data !== undefined,
    networkMode: "always",
    retry: false,
  });
  const error = kept.error ?? found.error;
  if (error) return <ErrorState error={error} onRetry={() => void found.refetch()} />;
  if (found.data === undefined) return <LoadingState label="Comparing" />;
  if (found.data.length === 0) return <NoVector />;
  const rows = found.data.map((each) => ({ memory: each.memory, score: each.similarity }));
  return (
    <Likenesses
      rows={rows}
      onOpen={onOpen}
      note="Among the memories that this browser keeps, by the cosine of their vectors."
    />
  );
}

function NoVector() {
  return (
    <Text size="sm" c="dimmed">
      There is no vector of this memory to compare with others.
    </Text>
  );
}

function Likenesses(of: {
  rows: readonly { memory: Memory; score: number }[];
  onOpen: (memoryId: string) => void;
  note: string;
}) {
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {of.note}
      </Text>
      <div>
        {of.rows.map(({ memory, score }) => (
          <UnstyledButton
            key={memory.id}
            className={classes.entry ?? ""}
            onClick={() => of.onOpen(memory.id)}
          >
            <Group gap="sm" wrap="nowrap" align="flex-start">
              <Text span size="sm" className="mono" c="dimmed">
                {score.toFixed(2)}
              </Text>
              <div>
                <Text size="sm" lineClamp={2}>
                  {memory.content}
                </Text>
                <Text size="xs" c="dimmed">
                  {memory.namespace}
                </Text>
              </div>
            </Group>
          </UnstyledButton>
        ))}
      </div>
      {of.rows.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing else is there.
        </Text>
      )}
    </Stack>
  );
}
