import { Button, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Grant } from "@timeloom/client";
import { useGrants, useSharing } from "@timeloom/client/react";
import { Share2 } from "lucide-react";
import { useState } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { formatDateTime } from "../../../ui/format";
import { PlainTable, WideCell } from "../../../ui/PlainTable";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { tell } from "../ui/notes";
import { GrantForm } from "./GrantForm";
import classes from "./Sharing.module.css";
import { WhoSees } from "./WhoSees";

const PAGE_SIZE = 100;

/** What was opened to whom, and how to open more or take it back. */
export function Grants({ namespace }: { namespace: string }) {
  const mayWrite = useSignedIn().scope !== "READ";
  return (
    <div className={classes.panes}>
      <GrantList namespace={namespace} mayWrite={mayWrite} />
      <div className={classes.side}>
        {mayWrite && <GrantForm namespace={namespace} />}
        <WhoSees />
      </div>
    </div>
  );
}

function GrantList({ namespace, mayWrite }: { namespace: string; mayWrite: boolean }) {
  const grants = useGrants({ pageSize: PAGE_SIZE, namespace: namespace || undefined });
  const [revoked, setRevoked] = useState<Grant>();
  if (grants.isError) return <ErrorState error={grants.error} onRetry={() => void grants.refetch()} />;
  if (grants.data === undefined) return <LoadingState label="Loading grants" />;
  if (grants.data.length === 0) {
    return (
      <EmptyState
        icon={Share2}
        title="Nothing is shared"
        text="A grant lets an agent, a team or the whole project read or write a namespace with all that is below it."
      />
    );
  }
  return (
    <Stack gap="sm" align="flex-start">
      <PlainTable label="Grants" columns={["Shared", "With", "May", "Given", "Ends"]}>
        {grants.data.map((grant) => (
          <GrantRow key={grant.id} grant={grant} onRevoke={mayWrite ? () => setRevoked(grant) : undefined} />
        ))}
      </PlainTable>
      {grants.hasNextPage && (
        <Button
          size="xs"
          variant="default"
          loading={grants.isFetchingNextPage}
          onClick={() => void grants.fetchNextPage()}
        >
          More grants
        </Button>
      )}
      <RevokeDialog grant={revoked} onClose={() => setRevoked(undefined)} />
    </Stack>
  );
}

function GrantRow({ grant, onRevoke }: { grant: Grant; onRevoke: (() => void) | undefined }) {
  const what = grant.namespace || `memory …${grant.memoryId.slice(-8)}`;
  const search = grant.namespace === "" ? { memory: grant.memoryId } : { namespace: grant.namespace };
  return (
    <tr>
      <WideCell>
        <Link to="/memory" search={search}>
          {what}
        </Link>
      </WideCell>
      <td>{grant.principal}</td>
      <td>{grant.permission === "WRITE" ? "read and write" : "read"}</td>
      <td>
        {grant.createTime && <TimeAgo time={grant.createTime} />}
        {grant.grantedBy !== "" && (
          <Text span size="sm" c="dimmed">
            {" "}
            by {grant.grantedBy}
          </Text>
        )}
      </td>
      <td>
        <Text span size="sm" c="dimmed">
          {grant.expireTime ? formatDateTime(grant.expireTime) : "never"}
        </Text>
      </td>
      <td>
        {onRevoke && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="red"
            aria-label={`Revoke ${what} from ${grant.principal}`}
            onClick={onRevoke}
          >
            Revoke
          </Button>
        )}
      </td>
    </tr>
  );
}

function RevokeDialog({ grant, onClose }: { grant: Grant | undefined; onClose: () => void }) {
  const { revoke } = useSharing();
  return (
    <ConfirmDialog
      isOpen={grant !== undefined}
      onClose={onClose}
      title="Revoke this grant?"
      action="Revoke"
      onConfirm={async () => {
        if (grant === undefined) return;
        await revoke.mutateAsync({ grantId: grant.id });
        tell(`${grant.principal} has the grant no more.`);
      }}
    >
      <Text size="sm">
        {grant?.principal} will not {grant?.permission === "WRITE" ? "read or write" : "read"}{" "}
        {grant?.namespace || "this memory"} by it any more, at once and everywhere. What was copied stays
        where it is.
      </Text>
    </ConfirmDialog>
  );
}
