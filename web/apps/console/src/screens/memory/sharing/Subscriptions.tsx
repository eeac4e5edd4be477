import { Button, MultiSelect, Stack, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type MemoryKind, TimeloomError } from "@timeloom/client";
import { useApi } from "@timeloom/client/react";
import { Rss } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { PlainTable, WideCell } from "../../../ui/PlainTable";
import { Problem } from "../../../ui/Problem";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { KINDS, lookOf } from "../kinds";
import { tell } from "../ui/notes";
import { reread } from "../ui/reread";
import classes from "./Sharing.module.css";

const PATH = "/api/agent-memory/subscriptions";
const SUBSCRIPTIONS_READ = 500;

/** Which agents are told of new memories. */
export function Subscriptions() {
  const mayWrite = useSignedIn().scope !== "READ";
  return (
    <div className={classes.panes}>
      <SubscriptionList mayWrite={mayWrite} />
      <div className={classes.side}>{mayWrite && <SubscriptionForm />}</div>
    </div>
  );
}

function SubscriptionList({ mayWrite }: { mayWrite: boolean }) {
  const queries = useQueryClient();
  const api = useApi();
  const list = api.useQuery("get", PATH, { params: { query: { pageSize: SUBSCRIPTIONS_READ } } });
  const remove = api.useMutation("delete", "/api/agent-memory/subscriptions/{subscriptionId}");
  const [ended, setEnded] = useState<{ id: string; agentId: string }>();
  if (list.isError) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data === undefined) return <LoadingState label="Loading subscriptions" />;
  if (list.data.subscriptions.length === 0) {
    return (
      <EmptyState
        icon={Rss}
        title="No agent is told of news"
        text="A subscription brings an agent what others have written since it last read, as far as it may read that."
      />
    );
  }
  return (
    <>
      <PlainTable label="Subscriptions" columns={["Agent", "Where", "What", "Since"]}>
        {list.data.subscriptions.map((each) => (
          <tr key={each.id}>
            <td>{each.agentId}</td>
            <WideCell>{each.namespaces.join(", ") || "all that it may read"}</WideCell>
            <td>{whatOf(each.kinds, each.tags)}</td>
            <td>{each.createTime && <TimeAgo time={each.createTime} />}</td>
            <td>
              {mayWrite && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="red"
                  aria-label={`End the subscription of ${each.agentId}`}
                  onClick={() => setEnded(each)}
                >
                  End
                </Button>
              )}
            </td>
          </tr>
        ))}
      </PlainTable>
      <ConfirmDialog
        isOpen={ended !== undefined}
        onClose={() => setEnded(undefined)}
        title={`End the subscription of ${ended?.agentId}?`}
        action="End it"
        onConfirm={async () => {
          await remove.mutateAsync({ params: { path: { subscriptionId: ended?.id ?? "" } } });
          await reread(queries);
          tell("The subscription has ended.");
        }}
      >
        <Text size="sm">The agent is told of nothing new by it any more, and its position is forgotten.</Text>
      </ConfirmDialog>
    </>
  );
}

function whatOf(kinds: readonly MemoryKind[], tags: readonly string[]): string {
  const parts = [
    kinds.map((kind) => lookOf(kind).label).join(" or "),
    tags.length > 0 ? `tagged ${tags.join(" or ")}` : "",
  ];
  return parts.filter((each) => each !== "").join(", ") || "everything";
}

function SubscriptionForm() {
  const queries = useQueryClient();
  const create = useApi().useMutation("post", PATH, { onSuccess: () => reread(queries) });
  const [agentId, setAgentId] = useState("");
  const [namespaces, setNamespaces] = useState<string[]>([]);
  const [kinds, setKinds] = useState<string[]>([]);
  const refused = create.error instanceof TimeloomError ? create.error : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(
      { body: { agentId: agentId.trim(), namespaces, kinds: kinds as MemoryKind[] } },
      {
        onSuccess: () => {
          tell(`${agentId.trim()} is told of new memories from now on.`);
          setAgentId("");
        },
      },
    );
  };
  return (
    <form className={classes.box} onSubmit={submit} aria-label="New subscription">
      <Stack gap="sm">
        <Title order={2}>New subscription</Title>
        <TextInput
          label="Agent"
          required
          maxLength={200}
          value={agentId}
          error={refused?.violation("agentId")}
          onChange={(event) => setAgentId(event.currentTarget.value)}
        />
        <TagsInput
          label="Namespaces"
          description="All that it may read if empty."
          maxTags={100}
          value={namespaces}
          error={refused?.violation("namespaces")}
          onChange={setNamespaces}
        />
        <MultiSelect
          label="Kinds"
          description="All if empty."
          data={KINDS.map(({ kind, label }) => ({ value: kind, label }))}
          value={kinds}
          onChange={setKinds}
        />
        {refused && <Problem error={refused} shown={["agentId", "namespaces"]} />}
        <Button type="submit" loading={create.isPending} disabled={agentId.trim() === ""}>
          Subscribe
        </Button>
      </Stack>
    </form>
  );
}
