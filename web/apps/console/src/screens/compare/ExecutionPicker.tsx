import { Group, Select, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Execution } from "@timeloom/client";
import { useExecution, useTimeloom } from "@timeloom/client/react";
import { useState } from "react";
import { formatAgo, wordsOf } from "../../ui/format";
import { StatusBadge } from "../../ui/StatusBadge";
import { useNow } from "../../ui/Time";
import { nameOf } from "../executions/columns";

const SHOWN = 20;
const TYPING_MS = 200;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface ExecutionPickerProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (executionId: string | undefined) => void;
  /** One that cannot be chosen. */
  readonly except?: string | undefined;
  readonly error?: string | undefined;
  readonly description?: string;
  readonly isLabelHidden?: boolean;
}

/** Chooses an execution by its name or its id. */
export function ExecutionPicker(props: ExecutionPickerProps) {
  const { label, value, onChange, except, error, isLabelHidden = false } = props;
  const [words, setWords] = useState("");
  const chosen = useExecution(value ?? "");
  const titleOfChosen = chosen.data === undefined ? "" : titleOf(chosen.data);
  const typed = words === titleOfChosen ? "" : words;
  const [settled] = useDebouncedValue(typed.trim(), TYPING_MS);
  const found = useFound(settled);
  const listed = (found.data ?? []).filter((each) => each.id !== except);
  const all =
    chosen.data === undefined || listed.some((each) => each.id === chosen.data.id)
      ? listed
      : [chosen.data, ...listed];
  const byId = new Map(all.map((each) => [each.id, each]));
  const refusal = error ?? (value !== undefined && chosen.isError ? chosen.error.message : undefined);
  return (
    <Select
      {...(isLabelHidden ? { "aria-label": label } : { label })}
      {...(props.description !== undefined && { description: props.description })}
      placeholder="Name or id"
      searchable
      clearable
      size="sm"
      maxDropdownHeight={360}
      data={all.map((each) => ({ value: each.id, label: titleOf(each) }))}
      value={value !== undefined && byId.has(value) ? value : null}
      onChange={(id) => onChange(id ?? undefined)}
      searchValue={words}
      onSearchChange={setWords}
      // What was found is what fits: the server has looked at more than the titles.
      filter={({ options }) => options}
      nothingFoundMessage={found.isPending ? "Looking" : "No execution has these words"}
      renderOption={({ option }) => {
        const execution = byId.get(option.value);
        return execution === undefined ? option.label : <Choice execution={execution} />;
      }}
      error={refusal}
    />
  );
}

function useFound(words: string) {
  const { rest } = useTimeloom();
  return useQuery({
    queryKey: ["executions to choose from", words],
    queryFn: async ({ signal }) => {
      if (ID.test(words)) {
        const params = { path: { executionId: words.toLowerCase() } };
        const { data } = await rest.GET("/api/agent-executions/{executionId}", { params, signal });
        return data === undefined ? [] : [data];
      }
      const query = { pageSize: SHOWN, withoutDocuments: true, ...(words !== "" && { nameContains: words }) };
      const { data } = await rest.GET("/api/agent-executions", { params: { query }, signal });
      return data?.executions ?? [];
    },
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** Two executions may have the same name: the end of the id tells them apart. */
function titleOf(execution: Execution): string {
  const end = execution.id.slice(-6);
  return execution.name === "" ? `…${execution.id.slice(-12)}` : `${execution.name} · ${end}`;
}

function Choice({ execution }: { execution: Execution }) {
  const now = useNow();
  return (
    <Group gap="xs" wrap="nowrap" w="100%" aria-label={`${titleOf(execution)}, ${wordsOf(execution.status)}`}>
      <StatusBadge status={execution.status} w={92} />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Text size="sm" truncate>
          {nameOf(execution)}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {execution.agentId} · <span className="mono">{execution.id.slice(-6)}</span>
        </Text>
      </div>
      {execution.createTime !== undefined && (
        <Text size="xs" c="dimmed">
          {formatAgo(execution.createTime, now)}
        </Text>
      )}
    </Group>
  );
}
