import { Group, Modal, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { KeyHint } from "../ui/KeyHint";
import { type Shortcut, useShortcuts } from "./shortcuts";

const PALETTE: Shortcut = { keys: "mod K", label: "Search or run a command", group: "Everywhere" };

/** The shortcuts that work on the screen that is shown. */
export function ShortcutHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const shortcuts = [PALETTE, ...useShortcuts()];
  const groups = [...new Set(shortcuts.map((each) => each.group))];
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Shortcuts"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xl">
        {groups.map((name) => (
          <Stack key={name} gap={6}>
            <Title order={3}>{name}</Title>
            {shortcuts
              .filter((each) => each.group === name)
              .map((each) => (
                <Group key={each.keys} justify="space-between" wrap="nowrap">
                  <Text size="sm">{each.label}</Text>
                  <KeyHint keys={each.keys} />
                </Group>
              ))}
          </Stack>
        ))}
      </SimpleGrid>
    </Modal>
  );
}
