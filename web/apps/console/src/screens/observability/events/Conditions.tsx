import { Button, Popover, Select, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { SearchInput } from "../../../ui/SearchInput";
import type { EventsSearch } from "../routes";
import { FIELD_LABELS, type FilterField, withCondition } from "../shared/filter";

/** What can be asked for besides the facets. */
const OTHERS = ["sessionId", "userId", "traceId", "executionId", "attributes", "tags", "providers"] as const;
const HINTS: Readonly<Partial<Record<FilterField, string>>> = {
  attributes: "name=value",
  traceId: "32 digits in hex",
  executionId: "a UUID",
};
const PATTERNS: Readonly<Partial<Record<FilterField, RegExp>>> = {
  attributes: /^[^=]+=.+$/s,
  traceId: /^[0-9a-f]{32}$/,
  executionId: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
};

interface ConditionsProps {
  readonly search: EventsSearch;
  readonly onChange: (search: EventsSearch) => void;
}

/** Narrows by words, and by what is no facet: sessions, users, attributes, ids. */
export function Conditions({ search, onChange }: ConditionsProps) {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const { words: _, ...wordless } = search;
  return (
    <>
      <SearchInput
        label="Events with words"
        value={search.words ?? ""}
        onChange={(words) => onChange(words === "" ? wordless : { ...wordless, words })}
        w={220}
        maxLength={500}
      />
      <Popover
        opened={isOpen}
        onClose={close}
        shadow="md"
        trapFocus
        position="bottom-start"
        withRoles={false}
      >
        <Popover.Target>
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            aria-expanded={isOpen}
            leftSection={<Plus size={14} aria-hidden />}
            onClick={toggle}
          >
            Condition
          </Button>
        </Popover.Target>
        <Popover.Dropdown role="dialog" aria-label="Add a condition">
          <ConditionForm
            onAdd={(field, value) => {
              onChange(withCondition(search, { field, value }));
              close();
            }}
          />
        </Popover.Dropdown>
      </Popover>
    </>
  );
}

function ConditionForm({ onAdd }: { onAdd: (field: FilterField, value: string) => void }) {
  const [field, setField] = useState<(typeof OTHERS)[number]>("sessionId");
  const [value, setValue] = useState("");
  const [error, setError] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = value.trim();
    if (given === "") setError("must not be empty");
    else if (PATTERNS[field]?.test(given) === false) setError(`must be ${HINTS[field]}`);
    else onAdd(field, given);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs" w={240}>
        <Select
          size="xs"
          label="Field"
          data={OTHERS.map((each) => ({ value: each, label: FIELD_LABELS[each] }))}
          value={field}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          onChange={(chosen) => {
            setField((chosen ?? "sessionId") as (typeof OTHERS)[number]);
            setError("");
          }}
        />
        <TextInput
          size="xs"
          label="Value"
          placeholder={HINTS[field] ?? ""}
          value={value}
          error={error}
          data-autofocus
          onChange={(event) => {
            setValue(event.currentTarget.value);
            setError("");
          }}
        />
        <Button type="submit" size="xs" variant="light">
          Add
        </Button>
      </Stack>
    </form>
  );
}
