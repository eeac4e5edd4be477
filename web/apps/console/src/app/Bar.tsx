import { ActionIcon, Group, Tooltip } from "@mantine/core";
import { CircleHelp } from "lucide-react";
import { ConnectionState } from "./ConnectionState";
import { SchemeToggle } from "./SchemeToggle";
import { SessionMenu } from "./SessionMenu";

/** What is at the right of the bar: sync, colours, shortcuts, session. */
export function Bar({ onHelp }: { onHelp: () => void }) {
  return (
    <Group gap={4} wrap="nowrap">
      <ConnectionState />
      <SchemeToggle />
      <Tooltip label="Shortcuts (?)">
        <ActionIcon variant="subtle" color="gray" onClick={onHelp} aria-label="Shortcuts" visibleFrom="xs">
          <CircleHelp size={17} />
        </ActionIcon>
      </Tooltip>
      <SessionMenu />
    </Group>
  );
}
