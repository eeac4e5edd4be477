import { Badge, Button, Group, Menu, Skeleton, Table, Text } from "@mantine/core";
import type { ApiKey } from "@timeloom/client";
import { useApiKeys } from "@timeloom/client/react";
import { Ellipsis, Plus } from "lucide-react";
import { useState } from "react";
import { useSignedIn } from "../../app/SessionGate";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { wordsOf } from "../../ui/format";
import { EmptyState, ErrorState } from "../../ui/states";
import { TimeAgo } from "../../ui/Time";
import { NewKey } from "./NewKey";
import { SecretDialog } from "./SecretDialog";
import classes from "./Settings.module.css";

interface Asked {
  readonly what: "rotate" | "revoke";
  readonly key: ApiKey;
}

/** The project's API keys. A secret is shown once, when its key is made or rotated. */
export function ApiKeys() {
  const { scope } = useSignedIn();
  return scope === "ADMIN" ? (
    <Keys />
  ) : (
    <EmptyState
      title="Only administrators see the keys"
      text="Sign in with a key of the scope admin to create, rotate and revoke keys."
    />
  );
}

function Keys() {
  const keys = useApiKeys();
  const [isMaking, setMaking] = useState(false);
  const [secret, setSecret] = useState("");
  const [asked, setAsked] = useState<Asked>();
  const { list } = keys;
  if (list.isError) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed" maw={640}>
          Programs and people come in with a key. Read sees, write records and changes, admin also sets this
          up.
        </Text>
        <Button leftSection={<Plus size={15} aria-hidden />} onClick={() => setMaking(true)}>
          Create a key
        </Button>
      </Group>
      {list.isPending ? (
        <Skeleton height={160} radius="md" role="status" aria-label="Loading keys" />
      ) : (
        <Table.ScrollContainer minWidth={620} type="native" className={classes.table ?? ""}>
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>Key</Table.Th>
                <Table.Th>Scope</Table.Th>
                <Table.Th>Last used</Table.Th>
                <Table.Th>Created</Table.Th>
                <Table.Th>
                  <span className="visually-hidden">Actions</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.data.map((key) => (
                <KeyRow key={key.id} of={key} onAsk={(what) => setAsked({ what, key })} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {list.hasNextPage && (
        <Button
          variant="default"
          mt="sm"
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          Show more
        </Button>
      )}
      <NewKey isOpen={isMaking} onClose={() => setMaking(false)} create={keys.create} onMade={setSecret} />
      <SecretDialog secret={secret} onClose={() => setSecret("")} />
      <ConfirmDialog
        isOpen={asked !== undefined}
        onClose={() => setAsked(undefined)}
        title={asked?.what === "rotate" ? `Rotate ${asked.key.name}?` : `Revoke ${asked?.key.name ?? ""}?`}
        action={asked?.what === "rotate" ? "Rotate it" : "Revoke it"}
        onConfirm={async () => {
          if (asked === undefined) return;
          const apiKeyId = asked.key.id;
          if (asked.what === "revoke") await keys.revoke.mutateAsync({ apiKeyId });
          else setSecret((await keys.rotate.mutateAsync({ apiKeyId })).secret);
        }}
      >
        {asked?.what === "rotate"
          ? "It gets a new secret, which is shown once. The old one stops working: whatever uses it has to be told."
          : "Whatever uses it is refused from then on. This cannot be undone."}
      </ConfirmDialog>
    </>
  );
}

function KeyRow({ of, onAsk }: { of: ApiKey; onAsk: (what: Asked["what"]) => void }) {
  const isGone = of.revokeTime !== undefined;
  return (
    <Table.Tr data-gone={isGone || undefined}>
      <Table.Td>
        {of.name}
        {isGone && (
          <Badge ml="xs" size="xs" variant="default">
            Revoked
          </Badge>
        )}
        {of.agentId !== "" && (
          <Text size="xs" c="dimmed">
            Only as the agent {of.agentId}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="mono">tl_{of.id}_…</Table.Td>
      <Table.Td>{wordsOf(of.scope)}</Table.Td>
      <Table.Td>{of.lastUseTime === undefined ? "Never" : <TimeAgo time={of.lastUseTime} />}</Table.Td>
      <Table.Td>{of.createTime !== undefined && <TimeAgo time={of.createTime} />}</Table.Td>
      <Table.Td align="right">
        {!isGone && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="subtle" color="gray" size="compact-sm" aria-label={`Actions for ${of.name}`}>
                <Ellipsis size={16} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => onAsk("rotate")}>Rotate</Menu.Item>
              <Menu.Item color="red" onClick={() => onAsk("revoke")}>
                Revoke
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
