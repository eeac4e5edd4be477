import { Group, Select, Stack, Text, UnstyledButton } from "@mantine/core";
import type { Migration, MigrationItem } from "@timeloom/client";
import { useMigrationItems } from "@timeloom/client/react";
import { Check } from "lucide-react";
import { formatCount, wordsOf } from "../../ui/format";
import { ErrorState, LoadingState } from "../../ui/states";
import { type Column, VirtualTable } from "../../ui/VirtualTable";
import classes from "./Migration.module.css";
import type { MigrationAction, MigrationSearch, RecordFamily } from "./search";
import { ACTIONS, countOf } from "./words";

const PAGE_SIZE = 200;
const FAMILIES: readonly RecordFamily[] = [
  "TASKS",
  "ENVIRONMENTS",
  "PREFERENCES",
  "AGENT_SESSIONS",
  "MEMORIES",
  "OFFLINE_QUEUE",
  "FORM",
  "SECRET",
  "BACKUP",
  "CACHE",
  "UNKNOWN",
];

const COLUMNS: readonly Column<MigrationItem>[] = [
  { key: "action", title: "Becomes", width: "130px", render: ({ action }) => <Action action={action} /> },
  { key: "family", title: "Kind", width: "120px", showFrom: 760, render: ({ family }) => wordsOf(family) },
  {
    key: "key",
    title: "Under",
    width: "minmax(110px, 1fr)",
    render: ({ key }) => <span className="mono">{key}</span>,
  },
  {
    key: "source",
    title: "Which",
    width: "minmax(110px, 1fr)",
    render: ({ sourceId }) => <span className="mono">{sourceId}</span>,
  },
  {
    key: "reason",
    title: "Why",
    width: "minmax(120px, 2fr)",
    showFrom: 560,
    render: ({ reason, fields }) => reason || (fields.length > 0 ? `differs in ${fields.join(", ")}` : ""),
  },
  {
    key: "done",
    title: "Written",
    width: "70px",
    align: "right",
    render: ({ done }) => (done ? <Check size={15} color="var(--tl-good)" aria-label="Written" /> : null),
  },
];

/** What becomes of each record, and why. */
export function PlanItems(of: {
  migration: Migration;
  search: MigrationSearch;
  onSearch: (search: MigrationSearch) => void;
}) {
  const { migration, search, onSearch } = of;
  const items = useMigrationItems(migration.id, {
    pageSize: PAGE_SIZE,
    ...(search.actions && { actions: [...search.actions] }),
    ...(search.families && { families: [...search.families] }),
  });
  const toggle = (action: MigrationAction) => {
    const chosen = search.actions ?? [];
    const actions = chosen.includes(action) ? chosen.filter((each) => each !== action) : [...chosen, action];
    onSearch({ ...search, actions });
  };
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <Counts migration={migration} chosen={search.actions ?? []} onToggle={toggle} />
        <Select
          aria-label="Kind of record"
          placeholder="Every kind"
          clearable
          w={170}
          data={FAMILIES.map((value) => ({ value, label: wordsOf(value) }))}
          value={search.families?.[0] ?? null}
          onChange={(family) =>
            onSearch({ ...search, families: family === null ? [] : [family as RecordFamily] })
          }
        />
      </Group>
      {items.isPending && <LoadingState />}
      {items.isError && <ErrorState error={items.error} onRetry={() => void items.refetch()} />}
      {items.data !== undefined && (
        <div style={{ height: "max(320px, calc(100dvh - 430px))" }}>
          <VirtualTable
            label="What becomes of each record"
            rows={items.data}
            keyOf={(item) => String(item.number)}
            columns={COLUMNS}
            hasMore={items.hasNextPage}
            isLoadingMore={items.isFetchingNextPage}
            onLoadMore={() => void items.fetchNextPage()}
            empty={<Text c="dimmed">{emptyText(migration, search)}</Text>}
          />
        </div>
      )}
    </Stack>
  );
}

function emptyText(migration: Migration, search: MigrationSearch): string {
  if (search.actions !== undefined || search.families !== undefined) return "Nothing of this kind.";
  return migration.counts === undefined ? "There is no plan yet." : "The export has nothing to migrate.";
}

function Counts(of: {
  migration: Migration;
  chosen: readonly MigrationAction[];
  onToggle: (action: MigrationAction) => void;
}) {
  const { migration, chosen, onToggle } = of;
  const shown = ACTIONS.filter(({ value }) => countOf(migration.counts, value) > 0);
  return (
    <fieldset className={classes.counts} style={{ border: 0, padding: 0, margin: 0 }}>
      <legend className="visually-hidden">Narrow the plan</legend>
      {shown.map(({ value, label, tone }) => (
        <UnstyledButton
          key={value}
          className={classes.count}
          aria-pressed={chosen.includes(value)}
          onClick={() => onToggle(value)}
        >
          <Text span fw={600} className="mono" c={tone}>
            {formatCount(countOf(migration.counts, value))}
          </Text>
          <Text span size="sm">
            {label}
          </Text>
        </UnstyledButton>
      ))}
    </fieldset>
  );
}

function Action({ action }: { action: MigrationAction }) {
  const known = ACTIONS.find(({ value }) => value === action);
  return (
    <Text size="sm" c={known?.tone ?? "dimmed"} fw={550}>
      {known?.label ?? wordsOf(action)}
    </Text>
  );
}
