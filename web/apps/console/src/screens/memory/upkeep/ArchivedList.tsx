import { Button, Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemoryControls, useTimeloom } from "@timeloom/client/react";
import { useState } from "react";
import { formatCount } from "../../../ui/format";
import { ErrorState, LoadingState } from "../../../ui/states";
import { messageOf, tell } from "../ui/notes";
import { MemoryLines } from "./MemoryLines";

const TAKEN_OUT_MAX = 1_000;
const NONE: ReadonlySet<string> = new Set();

/** What of a namespace is archived, to be taken out again. */
export function ArchivedList({ namespace, mayWrite }: { namespace: string; mayWrite: boolean }) {
  const { rest } = useTimeloom();
  const { unarchive } = useMemoryControls();
  const [chosen, setChosen] = useState(NONE);
  // The dry run of taking everything out says what there is to take out.
  const archived = useQuery({
    queryKey: ["post", "/api/agent-memory/unarchive", namespace],
    queryFn: async ({ signal }) => {
      const body = { namespaces: [namespace], filter: EVERYTHING, dryRun: true };
      const { data } = await rest.POST("/api/agent-memory/unarchive", { body, signal });
      return data?.memoryIds ?? [];
    },
    enabled: mayWrite,
  });
  if (!mayWrite) return null;
  if (archived.isError) return <ErrorState error={archived.error} onRetry={() => void archived.refetch()} />;
  if (archived.data === undefined) return <LoadingState label="Loading the archive" />;
  const ids = archived.data;
  const takeOut = () => {
    const memoryIds = [...chosen].slice(0, TAKEN_OUT_MAX);
    unarchive.mutate(
      { filter: { ...EVERYTHING, memoryIds } },
      {
        onSuccess: (done) => {
          setChosen(NONE);
          tell(`${formatCount(done.memoryIds.length)} memories are out of the archive.`);
        },
        onError: (error) => tell(messageOf(error), "bad"),
      },
    );
  };
  return (
    <section aria-label="Archive">
      <Group justify="space-between">
        <Title order={2}>Archive: {formatCount(ids.length)}</Title>
        {ids.length > 0 && (
          <Button
            size="xs"
            variant="default"
            disabled={chosen.size === 0}
            loading={unarchive.isPending}
            onClick={takeOut}
          >
            Take out of the archive
          </Button>
        )}
      </Group>
      {ids.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing of {namespace} is archived.
        </Text>
      ) : (
        <MemoryLines ids={ids} chosen={chosen} onChoose={setChosen} />
      )}
    </section>
  );
}

const EVERYTHING = { includeArchived: true, includeSuperseded: true, includeExpired: true };
