import { Badge, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import type { Migration, MigrationConflict } from "@timeloom/client";
import { useMigration, useMigrationConflicts } from "@timeloom/client/react";
import { Handshake } from "lucide-react";
import { wordsOf } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import { StatusBadge } from "../../ui/StatusBadge";
import { EmptyState, ErrorState, LoadingState } from "../../ui/states";
import classes from "./Migration.module.css";

type Resolution = MigrationConflict["resolution"];

const CHOICES: readonly { value: Resolution; label: string }[] = [
  { value: "SKIP", label: "Keep what is there" },
  { value: "OVERWRITE", label: "Take the migrated one" },
  { value: "MERGE", label: "Merge" },
  { value: "RENAME", label: "Keep both" },
];
const AFTER_ROLLBACK: readonly { value: Resolution; label: string }[] = [
  { value: "SKIP", label: "Keep what people made of it" },
  { value: "OVERWRITE", label: "Restore what was there before" },
];

/** What is there already and differs, or what a rollback left alone: somebody decides. */
export function Conflicts({ migration }: { migration: Migration }) {
  const conflicts = useMigrationConflicts(migration.id);
  const { resolve } = useMigration(migration.id, { enabled: false });
  if (conflicts.isPending) return <LoadingState />;
  if (conflicts.isError)
    return <ErrorState error={conflicts.error} onRetry={() => void conflicts.refetch()} />;
  if (conflicts.data.length === 0) {
    return (
      <EmptyState
        icon={Handshake}
        title="No conflicts"
        text="Nothing that is there already needs a decision. What is asked for with Ask me for each, and what a rollback leaves alone, is listed here."
      />
    );
  }
  const open = conflicts.data.filter((each) => each.resolution === "UNSPECIFIED" && !each.fromRollback);
  return (
    <Stack>
      {open.length > 1 && (
        <Group gap="xs">
          <Text size="sm">All {migration.openConflictCount} that are open:</Text>
          {CHOICES.map(({ value, label }) => (
            <Button
              key={value}
              size="xs"
              variant="default"
              loading={resolve.isPending}
              onClick={() => resolve.mutate({ resolution: value })}
            >
              {label}
            </Button>
          ))}
        </Group>
      )}
      {resolve.isError && <Problem error={resolve.error} />}
      {conflicts.data.map((conflict) => (
        <Conflict
          key={conflict.id}
          conflict={conflict}
          isBusy={resolve.isPending}
          onChoose={(resolution) => resolve.mutate({ conflictId: conflict.id, resolution })}
        />
      ))}
      {conflicts.hasNextPage && (
        <Button
          variant="default"
          loading={conflicts.isFetchingNextPage}
          onClick={() => void conflicts.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </Stack>
  );
}

function Conflict(of: {
  conflict: MigrationConflict;
  isBusy: boolean;
  onChoose: (resolution: Resolution) => void;
}) {
  const { conflict, isBusy, onChoose } = of;
  const { item } = conflict;
  const isOpen = conflict.resolution === "UNSPECIFIED";
  const choices = conflict.fromRollback ? AFTER_ROLLBACK : CHOICES;
  const name = `${wordsOf(item?.table ?? "")} ${item?.sourceId ?? ""}`;
  return (
    <Paper p="md" component="section" aria-label={name}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={3}>
            {wordsOf(item?.table ?? "")} <span className="mono">{item?.sourceId}</span>
          </Title>
          {isOpen ? (
            <StatusBadge status="OPEN" />
          ) : (
            <Badge variant="default" tt="none">
              {choices.find(({ value }) => value === conflict.resolution)?.label ??
                wordsOf(conflict.resolution)}
            </Badge>
          )}
        </Group>
        <Sides conflict={conflict} />
        {isOpen && (
          <Group gap="xs">
            {choices.map(({ value, label }) => (
              <Button
                key={value}
                size="xs"
                variant="default"
                disabled={isBusy}
                onClick={() => onChoose(value)}
              >
                {label}
              </Button>
            ))}
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

/** The fields that differ, side by side. */
function Sides({ conflict }: { conflict: MigrationConflict }) {
  const existing = membersOf(conflict.existing);
  const incoming = membersOf(conflict.incoming);
  const named = conflict.item?.fields ?? [];
  const fields =
    named.length > 0 ? named : [...new Set([...Object.keys(existing), ...Object.keys(incoming)])];
  return (
    <div className={classes.sides}>
      <span />
      <Text size="xs" fw={600}>
        There now
      </Text>
      <Text size="xs" fw={600}>
        {conflict.fromRollback ? "Before the migration" : "Migrated"}
      </Text>
      {fields.map((field) => (
        <Field key={field} field={field} existing={existing[field]} incoming={incoming[field]} />
      ))}
    </div>
  );
}

function Field({ field, existing, incoming }: { field: string; existing: unknown; incoming: unknown }) {
  return (
    <>
      <Text size="sm" c="dimmed">
        {field}
      </Text>
      <div className={classes.value}>{textOf(existing)}</div>
      <div className={classes.value}>{textOf(incoming)}</div>
    </>
  );
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  if (value === undefined) return "—";
  return typeof value === "string" ? value : JSON.stringify(value, null, 1);
}
