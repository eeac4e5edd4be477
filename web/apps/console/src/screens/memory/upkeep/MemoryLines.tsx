import { Checkbox, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { formatCount } from "../../../ui/format";
import classes from "./Upkeep.module.css";
import { NAMED_READ_MAX, useMemoriesById } from "./useMemoriesById";

interface MemoryLinesProps {
  readonly ids: readonly string[];
  readonly chosen?: ReadonlySet<string>;
  readonly onChoose?: (chosen: ReadonlySet<string>) => void;
}

/** What memories say, as lines, of which some may be chosen. */
export function MemoryLines({ ids, chosen, onChoose }: MemoryLinesProps) {
  const memories = useMemoriesById(ids);
  if (ids.length === 0) return null;
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose?.(next);
  };
  return (
    <ul className={classes.list}>
      {ids.slice(0, NAMED_READ_MAX).map((id) => {
        const content = memories.get(id)?.content ?? `…${id.slice(-8)}`;
        return (
          <li key={id} className={`${classes.group} ${classes.memory}`}>
            {chosen !== undefined && (
              <Checkbox
                size="xs"
                checked={chosen.has(id)}
                aria-label={`Choose ${content.slice(0, 80)}`}
                onChange={() => toggle(id)}
              />
            )}
            <Link to="/memory" search={{ memory: id, with: ["archived"] }} style={{ color: "inherit" }}>
              <Text span size="sm" lineClamp={2}>
                {content}
              </Text>
            </Link>
          </li>
        );
      })}
      {ids.length > NAMED_READ_MAX && (
        <li className={classes.group}>
          <Text size="xs" c="dimmed">
            and {formatCount(ids.length - NAMED_READ_MAX)} more
          </Text>
        </li>
      )}
    </ul>
  );
}
