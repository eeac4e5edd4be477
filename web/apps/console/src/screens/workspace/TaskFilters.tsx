import { Chip, Group, Select } from "@mantine/core";
import type { TaskRow } from "@timeloom/client/collections";
import { useMemo } from "react";
import { wordsOf } from "../../ui/format";
import { SearchInput } from "../../ui/SearchInput";
import type { TasksSearch } from "./routes";
import { PRIORITIES } from "./words";

interface TaskFiltersProps {
  readonly tasks: readonly TaskRow[];
  readonly search: TasksSearch;
  readonly environments: ReadonlyMap<string, string>;
  readonly onChange: (change: Partial<Record<keyof TasksSearch, string | true | undefined>>) => void;
}

/** Which tasks the board shows. */
export function TaskFilters({ tasks, search, environments, onChange }: TaskFiltersProps) {
  const tags = useMemo(() => [...new Set(tasks.flatMap((task) => task.tags))].sort(), [tasks]);
  return (
    <Group gap="xs" mb="sm" role="search" aria-label="Filter the tasks">
      <SearchInput
        label="Search tasks"
        value={search.q ?? ""}
        onChange={(q) => onChange({ q })}
        flex="1 1 180px"
        maw={320}
      />
      <Select
        size="xs"
        w={130}
        aria-label="Priority"
        placeholder="Any priority"
        clearable
        data={PRIORITIES.map((value) => ({ value, label: wordsOf(value) }))}
        value={search.priority ?? null}
        onChange={(priority) => onChange({ priority: priority ?? undefined })}
      />
      <Select
        size="xs"
        w={160}
        aria-label="Environment"
        placeholder="Any environment"
        clearable
        searchable
        data={[...environments].map(([value, label]) => ({ value, label }))}
        value={search.environment ?? null}
        onChange={(environment) => onChange({ environment: environment ?? undefined })}
      />
      <Select
        size="xs"
        w={130}
        aria-label="Tag"
        placeholder="Any tag"
        clearable
        searchable
        data={tags}
        value={search.tag ?? null}
        onChange={(tag) => onChange({ tag: tag ?? undefined })}
      />
      <Chip
        size="xs"
        checked={search.archived ?? false}
        onChange={(archived) => onChange({ archived: archived || undefined })}
      >
        Archived
      </Chip>
    </Group>
  );
}
