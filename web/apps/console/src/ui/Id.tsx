import { Group, Text, Tooltip } from "@mantine/core";
import { CopyButton } from "./CopyButton";

/** An identifier by its end, which differs most, with the whole to copy. */
export function Id({ value, what = "id" }: { value: string; what?: string }) {
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label={value}>
        <Text span className="mono" c="dimmed">
          {value.length > 12 ? `…${value.slice(-8)}` : value}
        </Text>
      </Tooltip>
      <CopyButton value={value} label={`Copy the ${what}`} />
    </Group>
  );
}
