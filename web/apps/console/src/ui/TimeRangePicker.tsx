import { Button, Group, Popover, Stack, Text, TextInput, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { CalendarClock, ChevronLeft, ChevronRight } from "lucide-react";
import { type FormEvent, useState } from "react";
import {
  between,
  COMMON_RANGES,
  parseRange,
  rangeLabel,
  resolveRange,
  type TimeRange,
  writeRange,
} from "./time-range";

interface TimeRangePickerProps {
  readonly value: TimeRange;
  readonly onChange: (range: TimeRange) => void;
}

/** Chooses a range of time: a common one, one between two moments, or the one before or after. */
export function TimeRangePicker({ value, onChange }: TimeRangePickerProps) {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const choose = (range: TimeRange) => {
    onChange(range);
    close();
  };
  const shift = (direction: -1 | 1) => {
    const { from, to } = resolveRange(value, Date.now());
    const by = direction * (to - from);
    onChange(between({ from: from + by, to: to + by }));
  };
  return (
    <Button.Group>
      <Tooltip label="The range before">
        <Button variant="default" size="xs" px={6} aria-label="The range before" onClick={() => shift(-1)}>
          <ChevronLeft size={15} aria-hidden />
        </Button>
      </Tooltip>
      <Popover opened={isOpen} onClose={close} position="bottom-end" shadow="md" trapFocus withRoles={false}>
        <Popover.Target>
          <Button
            variant="default"
            size="xs"
            aria-expanded={isOpen}
            leftSection={<CalendarClock size={14} aria-hidden />}
            onClick={toggle}
          >
            {rangeLabel(value)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown role="dialog" aria-label="Range of time">
          <Group align="stretch" gap="lg">
            <CommonRanges value={value} onChoose={choose} />
            <OwnRange value={value} onChoose={choose} />
          </Group>
        </Popover.Dropdown>
      </Popover>
      <Tooltip label="The range after">
        <Button
          variant="default"
          size="xs"
          px={6}
          aria-label="The range after"
          disabled={value.kind === "last"}
          onClick={() => shift(1)}
        >
          <ChevronRight size={15} aria-hidden />
        </Button>
      </Tooltip>
    </Button.Group>
  );
}

function CommonRanges({ value, onChoose }: { value: TimeRange; onChoose: (range: TimeRange) => void }) {
  return (
    <Stack gap={2}>
      {COMMON_RANGES.map((text) => {
        const range = parseRange(text);
        if (range === undefined) return null;
        const isChosen = writeRange(value) === text;
        return (
          <Button
            key={text}
            size="compact-sm"
            justify="flex-start"
            color={isChosen ? "copper" : "gray"}
            variant={isChosen ? "light" : "subtle"}
            aria-pressed={isChosen}
            onClick={() => onChoose(range)}
          >
            {rangeLabel(range)}
          </Button>
        );
      })}
    </Stack>
  );
}

/** The form of `datetime-local`, in the reader's time zone. */
function localText(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function OwnRange({ value, onChoose }: { value: TimeRange; onChoose: (range: TimeRange) => void }) {
  const span = resolveRange(value, Date.now());
  const [from, setFrom] = useState(localText(span.from));
  const [to, setTo] = useState(localText(span.to));
  const [error, setError] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const chosen = { from: Date.parse(from), to: Date.parse(to) };
    if (chosen.from < chosen.to) onChoose(between(chosen));
    else setError("must be after the beginning");
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs" w={210}>
        <TextInput
          type="datetime-local"
          label="From"
          size="xs"
          required
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label="To"
          size="xs"
          required
          value={to}
          error={error}
          onChange={(event) => {
            setTo(event.currentTarget.value);
            setError("");
          }}
        />
        <Button type="submit" size="xs" variant="light">
          Apply
        </Button>
        <Text size="xs" c="dimmed">
          In your time zone, {Intl.DateTimeFormat().resolvedOptions().timeZone}.
        </Text>
      </Stack>
    </form>
  );
}
