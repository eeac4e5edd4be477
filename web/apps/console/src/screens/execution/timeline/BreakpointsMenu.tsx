import {
  ActionIcon,
  Autocomplete,
  Button,
  Checkbox,
  Group,
  Indicator,
  Popover,
  Select,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { TimeloomError } from "@timeloom/client";
import { CircleDot, Trash2 } from "lucide-react";
import { type FormEvent, useMemo, useState } from "react";
import { useShortcut } from "../../../app/shortcuts";
import { BREAKPOINT_KINDS, BREAKPOINTS_MAX, type Breakpoint } from "../model/breakpoints";
import { useSteps } from "../recording";
import type { Breakpoints, Placed } from "./useBreakpoints";

const HINTS = {
  step: "plan",
  error: "",
  path: "/budget/spent",
  expression: "state.budget.spent > 700",
} as const;
const SUGGESTED_MAX = 50;

/** Lists the breakpoints and makes new ones. */
export function BreakpointsMenu({ breakpoints }: { breakpoints: Breakpoints }) {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  useShortcut({ keys: "b", label: "Breakpoints", group: "Playback" }, toggle);
  const count = breakpoints.placed.filter((each) => each.breakpoint.isOn).length;
  return (
    <Popover
      opened={isOpen}
      onChange={(opened) => !opened && close()}
      width={380}
      position="bottom-end"
      trapFocus
      shadow="md"
    >
      <Popover.Target>
        <Tooltip label="Breakpoints (b)">
          <Indicator disabled={count === 0} label={count} size={14} color="red" offset={3}>
            <ActionIcon
              variant={count > 0 ? "light" : "subtle"}
              color={count > 0 ? "red" : "gray"}
              size="md"
              aria-label={`Breakpoints, ${count} on`}
              onClick={toggle}
            >
              <CircleDot size={16} />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label="Breakpoints">
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            A playback stops where one of these holds.
          </Text>
          {breakpoints.placed.map((each) => (
            <PlacedRow
              key={`${each.breakpoint.kind}:${each.breakpoint.value}`}
              placed={each}
              breakpoints={breakpoints}
            />
          ))}
          {breakpoints.placed.length < BREAKPOINTS_MAX ? (
            <NewBreakpoint onAdd={breakpoints.add} />
          ) : (
            <Text size="sm">There are {BREAKPOINTS_MAX} breakpoints; remove one to add another.</Text>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function PlacedRow({ placed, breakpoints }: { placed: Placed; breakpoints: Breakpoints }) {
  const { breakpoint, stops, error } = placed;
  const kind = BREAKPOINT_KINDS.find((each) => each.value === breakpoint.kind)?.label ?? "";
  const name = breakpoint.kind === "error" ? kind : `${kind}: ${breakpoint.value || "the whole state"}`;
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      <Checkbox
        size="xs"
        mt={2}
        flex={1}
        checked={breakpoint.isOn}
        onChange={() => breakpoints.toggle(breakpoint)}
        label={<span style={{ overflowWrap: "anywhere" }}>{name}</span>}
        description={!breakpoint.isOn ? "Off" : error === null ? wordsOf(stops) : undefined}
        error={error === null ? undefined : reasonOf(error)}
      />
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={`Remove ${name}`}
        onClick={() => breakpoints.remove(breakpoint)}
      >
        <Trash2 size={13} />
      </ActionIcon>
    </Group>
  );
}

function wordsOf(stops: readonly number[] | undefined): string {
  if (stops === undefined) return "Looking";
  return stops.length === 1 ? "1 step" : `${stops.length} steps`;
}

function reasonOf(error: Error): string {
  if (!(error instanceof TimeloomError)) return error.message;
  return error.violation("expression") ?? error.violation("path") ?? error.message;
}

function NewBreakpoint({ onAdd }: { onAdd: (breakpoint: Breakpoint) => void }) {
  const steps = useSteps();
  const [kind, setKind] = useState<Breakpoint["kind"]>("step");
  const [value, setValue] = useState("");
  const [error, setError] = useState<string>();
  const names = useMemo(
    () => [...new Set(steps.map((step) => step.stepName))].filter(Boolean).slice(0, SUGGESTED_MAX),
    [steps],
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = problemOf(kind, value);
    setError(wrong);
    if (wrong !== undefined) return;
    onAdd({ kind, value: kind === "error" ? "" : value.trim(), isOn: true });
    setValue("");
  };
  const field = {
    size: "xs",
    flex: 1,
    "aria-label": "What to stop at",
    placeholder: HINTS[kind],
    value,
    error,
  } as const;
  return (
    <form onSubmit={submit}>
      <Group gap={6} align="flex-start" wrap="nowrap">
        <Select
          size="xs"
          w={124}
          aria-label="Kind of breakpoint"
          data={BREAKPOINT_KINDS}
          value={kind}
          onChange={(next) => setKind((next as Breakpoint["kind"] | null) ?? "step")}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
        />
        {kind === "step" && (
          <Autocomplete {...field} data={names} onChange={setValue} comboboxProps={{ withinPortal: false }} />
        )}
        {(kind === "path" || kind === "expression") && (
          <TextInput {...field} onChange={(event) => setValue(event.currentTarget.value)} />
        )}
        <Button type="submit" size="xs" variant="default">
          Add
        </Button>
      </Group>
    </form>
  );
}

function problemOf(kind: Breakpoint["kind"], value: string): string | undefined {
  if (kind === "error") return undefined;
  if (kind === "path" && value !== "" && !value.startsWith("/")) return "Begins with /";
  if (kind !== "path" && value.trim() === "") return "Say what to stop at";
  return undefined;
}
