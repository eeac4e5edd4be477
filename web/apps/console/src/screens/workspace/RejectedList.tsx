import { Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { FailedMutation } from "@timeloom/client/offline";
import { useOfflineQueue } from "@timeloom/client/offline";
import { useApi, useTimeloom } from "@timeloom/client/react";
import { MailCheck } from "lucide-react";
import { EmptyState, ErrorState, LoadingState } from "../../ui/states";
import type { MutationDeadLetter } from "./conflict";
import { RejectedCard } from "./RejectedCard";

/** How many dead letters are shown; the newest, of which the oldest come back once these are seen to. */
const SHOWN_MAX = 100;
const PATH = "/api/sync/dead-letters";

/** Changes that cannot be applied: those that the server keeps, and those that it would not even take. */
export function RejectedList() {
  const { failed, discard, retry } = useOfflineQueue();
  const { rest } = useTimeloom();
  const queries = useQueryClient();
  const list = useApi().useQuery("get", PATH, { params: { query: { pageSize: SHOWN_MAX } } });
  const refused = failed.filter(({ outcome }) => outcome === "REFUSED");
  if (list.isPending) return <LoadingState label="Loading rejected changes" />;
  if (list.isError && refused.length === 0) {
    return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  }
  const letters = list.data?.deadLetters ?? [];
  // What this browser remembers of a dead letter goes with it.
  const settled = async ({ mutation }: MutationDeadLetter) => {
    if (mutation !== undefined) await discard([mutation.id]);
    await queries.invalidateQueries({ queryKey: ["get", PATH] });
  };
  if (letters.length + refused.length === 0) {
    return (
      <EmptyState
        icon={MailCheck}
        title="Nothing was rejected"
        text="A change that breaks a rule, such as a task without a title, does not keep the others: it is put here, with the reason, to be mended or given up."
      />
    );
  }
  return (
    <Stack gap="md">
      {refused.map((each: FailedMutation) => (
        <RejectedCard
          key={each.mutation.id}
          mutation={each.mutation}
          reason={each.reason}
          time={each.time}
          onRetry={(value) => retry(each.mutation.id, value)}
          onDiscard={() => discard([each.mutation.id])}
        />
      ))}
      {letters.map((letter) => (
        <RejectedCard
          key={letter.id}
          mutation={letter.mutation}
          reason={letter.reason}
          time={letter.createTime}
          onRetry={async (value) => {
            const params = { path: { deadLetterId: letter.id } };
            const { data } = await rest.POST("/api/sync/dead-letters/{deadLetterId}:redrive", {
              params,
              body: { value },
            });
            if (data?.outcome === "REJECTED") throw new Error(data.reason);
            await settled(letter);
          }}
          onDiscard={async () => {
            await rest.DELETE("/api/sync/dead-letters/{deadLetterId}", {
              params: { path: { deadLetterId: letter.id } },
            });
            await settled(letter);
          }}
        />
      ))}
    </Stack>
  );
}
