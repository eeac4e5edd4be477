import {
  Button,
  Checkbox,
  Group,
  Indicator,
  Input,
  Popover,
  Select,
  Slider,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { ListFilter } from "lucide-react";
import { SearchInput } from "../../../ui/SearchInput";
import { KINDS } from "../kinds";
import { fromLocalTime, toLocalTime } from "../lib/times";
import type { BrowseSearch } from "../search";
import { Kind } from "../ui/Kind";
import { conditionCount, useBrowse } from "./useBrowse";

const NEWEST = "create_time desc";
const ORDERS = [
  { value: NEWEST, label: "Newest first" },
  { value: "create_time", label: "Oldest first" },
  { value: "update_time desc", label: "Last changed first" },
  { value: "occur_time desc", label: "Last happened first" },
  { value: "importance desc", label: "Most important first" },
];
const SHOWN = [
  { value: "superseded", label: "What no longer holds" },
  { value: "archived", label: "What was put away" },
  { value: "deleted", label: "What was deleted" },
];
const QUERY_LENGTH_MAX = 10_000;

/** Search, order and filters of the list. */
export function FilterBar({ isOffline }: { isOffline: boolean }) {
  const { search, change } = useBrowse();
  return (
    <Group gap="xs" wrap="wrap">
      <SearchInput
        label="Search memories"
        placeholder={isOffline ? "Search by words in what is kept here" : "Search by meaning, words and time"}
        value={search.q ?? ""}
        onChange={(q) => change({ q: q || undefined, tab: undefined })}
        maxLength={QUERY_LENGTH_MAX}
        flex="1 1 160px"
      />
      {search.q === undefined && (
        <Select
          size="xs"
          w={156}
          aria-label="Order"
          data={ORDERS}
          value={search.order ?? NEWEST}
          allowDeselect={false}
          disabled={isOffline}
          onChange={(order) =>
            change({ order: order === NEWEST ? undefined : (order as BrowseSearch["order"]) })
          }
        />
      )}
      <Popover position="bottom-end" width={320} trapFocus shadow="md">
        <Indicator
          label={conditionCount(search)}
          disabled={conditionCount(search) === 0}
          size={16}
          zIndex={1}
        >
          <Popover.Target>
            <Button
              size="xs"
              variant="default"
              leftSection={<ListFilter size={14} aria-hidden />}
              disabled={isOffline}
              aria-label={`Filters, ${conditionCount(search)} set`}
            >
              Filters
            </Button>
          </Popover.Target>
        </Indicator>
        <Popover.Dropdown>
          <Filters />
        </Popover.Dropdown>
      </Popover>
    </Group>
  );
}

function Filters() {
  const { search, change } = useBrowse();
  return (
    <Stack gap="md">
      <Checkbox.Group
        label="Kinds"
        value={[...(search.kinds ?? [])]}
        onChange={(kinds) =>
          change({ kinds: kinds.length > 0 ? (kinds as BrowseSearch["kinds"]) : undefined })
        }
      >
        <Stack gap={6} mt={6}>
          {KINDS.map(({ kind }) => (
            <Checkbox key={kind} value={kind} size="xs" label={<Kind kind={kind} />} />
          ))}
        </Stack>
      </Checkbox.Group>
      <TagsInput
        label="All of these tags"
        size="xs"
        value={[...(search.tags ?? [])]}
        maxTags={100}
        onChange={(tags) => change({ tags: tags.length > 0 ? tags : undefined })}
      />
      <Input.Wrapper label="Importance from" labelElement="div" size="xs">
        <Slider
          size="sm"
          mt={4}
          mb={4}
          min={1}
          max={10}
          thumbLabel="Importance from"
          value={search.importance ?? 1}
          onChange={(importance) => change({ importance: importance > 1 ? importance : undefined })}
        />
      </Input.Wrapper>
      <TextInput
        label="As it was known at"
        description="Versions that came later do not count."
        type="datetime-local"
        size="xs"
        value={toLocalTime(search.asOf)}
        onChange={(event) => change({ asOf: fromLocalTime(event.currentTarget.value) })}
      />
      <Checkbox.Group
        label="Also show"
        value={[...(search.with ?? [])]}
        onChange={(shown) => change({ with: shown.length > 0 ? (shown as BrowseSearch["with"]) : undefined })}
      >
        <Stack gap={6} mt={6}>
          {SHOWN.map((each) => (
            <Checkbox key={each.value} size="xs" {...each} />
          ))}
        </Stack>
      </Checkbox.Group>
      {conditionCount(search) > 0 && (
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() =>
            change({
              kinds: undefined,
              tags: undefined,
              importance: undefined,
              asOf: undefined,
              with: undefined,
            })
          }
        >
          Clear all filters
        </Button>
      )}
      <Text size="xs" c="dimmed">
        Filters hold for the list and for searches.
      </Text>
    </Stack>
  );
}
