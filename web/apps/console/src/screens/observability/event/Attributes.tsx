import { ActionIcon, Text, TextInput, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { TelemetryEvent } from "@timeloom/client";
import { ListFilter } from "lucide-react";
import { useMemo, useState } from "react";
import classes from "./EventDetail.module.css";

/** Values are shown up to this length; the whole is in the interface. */
const CHARACTERS_MAX = 4_000;
/** What a filter of attributes can take. */
const FILTER_CHARACTERS_MAX = 900;

type Pair = readonly [name: string, value: unknown];

/** All attributes of an event, and what was said of the program that sent it. */
export function Attributes({ event }: { event: TelemetryEvent }) {
  const [words, setWords] = useState("");
  const own = useMemo(() => pairsOf(event.attributes), [event.attributes]);
  const resource = useMemo(() => pairsOf(event.resource), [event.resource]);
  const wanted = words.trim().toLowerCase();
  const isWanted = ([name, value]: Pair) => `${name} ${textOf(value)}`.toLowerCase().includes(wanted);
  return (
    <div>
      <TextInput
        mt="sm"
        size="xs"
        aria-label="Find an attribute"
        placeholder="Find an attribute"
        value={words}
        onChange={(change) => setWords(change.currentTarget.value)}
      />
      <PairTable title="Attributes" pairs={own.filter(isWanted)} canFilter />
      <PairTable title="Program" pairs={resource.filter(isWanted)} />
      {own.filter(isWanted).length + resource.filter(isWanted).length === 0 && (
        <Text size="sm" c="dimmed" mt="sm">
          {wanted === "" ? "No attributes were sent." : "No attribute has these letters."}
        </Text>
      )}
    </div>
  );
}

function PairTable({
  title,
  pairs,
  canFilter = false,
}: {
  title: string;
  pairs: readonly Pair[];
  canFilter?: boolean;
}) {
  if (pairs.length === 0) return null;
  return (
    <>
      <Text size="xs" fw={600} c="dimmed" mt="md">
        {title}
      </Text>
      <table className={classes.attributes} aria-label={title}>
        <tbody>
          {pairs.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className={classes.value}>{textOf(value).slice(0, CHARACTERS_MAX)}</td>
              {canFilter && (
                <td style={{ width: 30 }}>
                  <Filter name={name} value={value} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Filter({ name, value }: { name: string; value: unknown }) {
  const condition = `${name}=${textOf(value)}`;
  if (typeof value === "object" || condition.length > FILTER_CHARACTERS_MAX) return null;
  return (
    <Tooltip label="Events with the same">
      <ActionIcon
        size="xs"
        variant="subtle"
        color="gray"
        className={classes.filter ?? ""}
        aria-label={`Events with the same ${name}`}
        renderRoot={(props) => (
          <Link to="/observability/events" search={{ attributes: [condition] }} {...props} />
        )}
      >
        <ListFilter size={13} />
      </ActionIcon>
    </Tooltip>
  );
}

function pairsOf(value: unknown): Pair[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).sort(([left], [right]) => left.localeCompare(right));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
