import { Badge } from "@mantine/core";
import type { Memory } from "@timeloom/client";

/** Says in a word what is the matter with a memory that is not simply there. */
export function MemoryState({ memory }: { memory: Memory }) {
  const state = stateOf(memory);
  if (state === undefined) return null;
  return (
    <Badge size="xs" variant="default" radius="sm" tt="none" fw={500} style={{ flexShrink: 0 }}>
      {state}
    </Badge>
  );
}

export function stateOf(memory: Memory): string | undefined {
  if (memory.deleteTime !== undefined) return "Deleted";
  if (memory.supersededBy !== "") return "Superseded";
  if (memory.archived) return "Archived";
  return undefined;
}
