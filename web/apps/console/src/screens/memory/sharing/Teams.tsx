import { Button, Group, Stack, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { TimeloomError } from "@timeloom/client";
import { useApi } from "@timeloom/client/react";
import { Users } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { PlainTable, WideCell } from "../../../ui/PlainTable";
import { Problem } from "../../../ui/Problem";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { tell } from "../ui/notes";
import { reread } from "../ui/reread";
import classes from "./Sharing.module.css";

const TEAMS_READ = 500;

interface Team {
  readonly id: string;
  readonly agentIds: readonly string[];
  readonly updateTime?: string;
}

/** Teams, whose agents share what is in `team/…`. */
export function Teams() {
  const isAdmin = useSignedIn().scope === "ADMIN";
  const [edited, setEdited] = useState<Team>();
  return (
    <div className={classes.panes}>
      <TeamList onEdit={isAdmin ? setEdited : undefined} />
      <div className={classes.side}>
        {isAdmin ? (
          <TeamForm key={edited?.id ?? ""} team={edited} onDone={() => setEdited(undefined)} />
        ) : (
          <Text size="sm" c="dimmed">
            Teams are changed with the key of an administrator.
          </Text>
        )}
      </div>
    </div>
  );
}

function TeamList({ onEdit }: { onEdit: ((team: Team) => void) | undefined }) {
  const queries = useQueryClient();
  const api = useApi();
  const teams = api.useQuery("get", "/api/agent-memory/teams", {
    params: { query: { pageSize: TEAMS_READ } },
  });
  const remove = api.useMutation("delete", "/api/agent-memory/teams/{teamId}");
  const [deleted, setDeleted] = useState<Team>();
  if (teams.isError) return <ErrorState error={teams.error} onRetry={() => void teams.refetch()} />;
  if (teams.data === undefined) return <LoadingState label="Loading teams" />;
  if (teams.data.teams.length === 0) {
    return (
      <EmptyState
        icon={Users}
        title="No teams yet"
        text="A team's agents share the namespace team/… and all below it."
      />
    );
  }
  return (
    <>
      <PlainTable label="Teams" columns={["Team", "Agents", "Changed"]}>
        {teams.data.teams.map((team) => (
          <tr key={team.id}>
            <td>{team.id}</td>
            <WideCell>{team.agentIds.join(", ")}</WideCell>
            <td>{team.updateTime && <TimeAgo time={team.updateTime} />}</td>
            <td>
              {onEdit && (
                <>
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={`Change ${team.id}`}
                    onClick={() => onEdit(team)}
                  >
                    Change
                  </Button>
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="red"
                    aria-label={`Delete ${team.id}`}
                    onClick={() => setDeleted(team)}
                  >
                    Delete
                  </Button>
                </>
              )}
            </td>
          </tr>
        ))}
      </PlainTable>
      <ConfirmDialog
        isOpen={deleted !== undefined}
        onClose={() => setDeleted(undefined)}
        title={`Delete the team ${deleted?.id}?`}
        action="Delete"
        onConfirm={async () => {
          await remove.mutateAsync({ params: { path: { teamId: deleted?.id ?? "" } } });
          await reread(queries);
          tell("The team was deleted.");
        }}
      >
        <Text size="sm">What was shared with it is taken back. The memories of team/{deleted?.id} stay.</Text>
      </ConfirmDialog>
    </>
  );
}

function TeamForm({ team, onDone }: { team: Team | undefined; onDone: () => void }) {
  const queries = useQueryClient();
  const [id, setId] = useState(team?.id ?? "");
  const [agents, setAgents] = useState<string[]>([...(team?.agentIds ?? [])]);
  const set = useApi().useMutation("put", "/api/agent-memory/teams/{teamId}", {
    onSuccess: () => reread(queries),
  });
  const refused = set.error instanceof TimeloomError ? set.error : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(
      { params: { path: { teamId: id.trim() } }, body: { agentIds: agents } },
      {
        onSuccess: () => {
          tell(`The team ${id.trim()} has ${agents.length} agents.`);
          setId("");
          setAgents([]);
          onDone();
        },
      },
    );
  };
  return (
    <form className={classes.box} onSubmit={submit} aria-label="Team">
      <Stack gap="sm">
        <Title order={2}>{team === undefined ? "New team" : `Change ${team.id}`}</Title>
        <TextInput
          label="Name"
          description="Its namespace is team/ and this name."
          required
          readOnly={team !== undefined}
          maxLength={200}
          value={id}
          error={refused?.violation("teamId")}
          onChange={(event) => setId(event.currentTarget.value)}
        />
        <TagsInput
          label="Agents"
          description="Type one and press Enter."
          value={agents}
          maxTags={1000}
          error={refused?.violation("agentIds")}
          onChange={setAgents}
        />
        {refused && <Problem error={refused} shown={["teamId", "agentIds"]} />}
        <Group gap="xs">
          <Button type="submit" loading={set.isPending} disabled={id.trim() === ""}>
            Save
          </Button>
          {team !== undefined && (
            <Button variant="default" onClick={onDone}>
              Cancel
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}
