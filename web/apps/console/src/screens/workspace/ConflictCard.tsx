import { Button, Group, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useOfflineQueue } from "@timeloom/client/offline";
import { useApi } from "@timeloom/client/react";
import { useState } from "react";
import { wordsOf } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { TimeAgo } from "../../ui/Time";
import classes from "./ConflictCard.module.css";
import { ConflictFields } from "./ConflictFields";
import { fieldsOf, mergedOf, nameOf, nounOf, type Side, type SyncConflict } from "./conflict";
import { useMayWrite } from "./useWorkspace";

/** A change that met another one: both values of each field, and who wins. */
export function ConflictCard({ conflict }: { conflict: SyncConflict }) {
  const { mutation, serverValue, policy, createTime, status } = conflict;
  const name = nameOf(serverValue ?? mutation?.value, mutation?.recordId ?? "");
  const [taken, setTaken] = useState<Readonly<Record<string, Side>>>({});
  const { decide, isPending, error } = useDecision(conflict);
  const fields = fieldsOf(conflict);
  const mayWrite = useMayWrite();
  const isOpen = status === "OPEN" && mayWrite;
  const isMixed = fields.some(({ name }) => taken[name] === "theirs");
  return (
    <article className={classes.card} aria-label={`Conflict of ${name}`}>
      <header className={classes.heading}>
        <Title order={2} className={classes.name ?? ""}>
          {nounOf(mutation?.table ?? "")} {name}
        </Title>
        <Text size="sm" c="dimmed">
          {describe(conflict)} · {wordsOf(policy)}
          {createTime !== undefined && (
            <>
              {" · "}
              <TimeAgo time={createTime} span />
            </>
          )}
        </Text>
      </header>
      <ConflictFields
        fields={fields}
        taken={taken}
        isOpen={isOpen && mutation?.operation !== "DELETE"}
        onTake={(field, side) => setTaken({ ...taken, [field]: side })}
      />
      {isOpen && (
        <footer className={classes.actions}>
          <Button
            size="xs"
            variant="default"
            loading={isPending}
            onClick={() => decide({ choice: "CLIENT" })}
          >
            Take mine
          </Button>
          <Button
            size="xs"
            variant="default"
            loading={isPending}
            onClick={() => decide({ choice: "SERVER" })}
          >
            Take theirs
          </Button>
          <Button
            size="xs"
            disabled={!isMixed}
            loading={isPending}
            onClick={() => decide({ choice: "VALUE", value: mergedOf(fields, taken) })}
          >
            Take what is chosen
          </Button>
        </footer>
      )}
      {error !== null && (
        <Group p="sm">
          <Problem error={error} />
        </Group>
      )}
    </article>
  );
}

function describe({ mutation, serverValue, clientId }: SyncConflict): string {
  const who = clientId.slice(0, 8);
  if (mutation?.operation === "DELETE") return `Deleted by ${who}, changed by somebody else`;
  if (serverValue === undefined) return `Changed by ${who}, deleted by somebody else`;
  return `Changed by ${who} and somebody else`;
}

type Decision = { choice: "CLIENT" | "SERVER" } | { choice: "VALUE"; value: Record<string, unknown> };

function useDecision({ id, mutation }: SyncConflict) {
  const queries = useQueryClient();
  const { discard } = useOfflineQueue();
  const resolve = useApi().useMutation("post", "/api/sync/conflicts/{conflictId}:resolve", {
    onSuccess: async () => {
      // The queue of this browser remembers it as well, if it was made here.
      if (mutation !== undefined) await discard([mutation.id]);
      await queries.invalidateQueries({ queryKey: ["get", "/api/sync/conflicts"] });
    },
  });
  return {
    decide: (body: Decision) => resolve.mutate({ params: { path: { conflictId: id } }, body }),
    isPending: resolve.isPending,
    error: resolve.error,
  };
}
