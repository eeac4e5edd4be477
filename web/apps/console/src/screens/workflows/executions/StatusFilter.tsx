import { Chip, Group } from "@mantine/core";
import { wordsOf } from "../../../ui/format";

/** Statuses to narrow a list to; all of them if none is chosen. */
export function StatusFilter<Status extends string>({
  statuses,
  selected,
  onChange,
}: {
  statuses: readonly Status[];
  selected: readonly Status[];
  onChange: (selected: Status[]) => void;
}) {
  return (
    <Chip.Group multiple value={[...selected]} onChange={(next) => onChange(next as Status[])}>
      <Group gap={4} role="group" aria-label="Status">
        {statuses.map((status) => (
          <Chip key={status} value={status} size="xs" radius="sm" variant="outline">
            {wordsOf(status)}
          </Chip>
        ))}
      </Group>
    </Chip.Group>
  );
}
