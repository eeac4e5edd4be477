import { Button, Code, CopyButton, Group, Modal, Stack, Text } from "@mantine/core";
import { Check, Copy } from "lucide-react";

/** Shows a new secret, which nothing can show again. */
export function SecretDialog({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Modal
      opened={secret !== ""}
      onClose={onClose}
      title="The new key"
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="sm">
        <Text size="sm">Copy it now: it is not kept here, and cannot be shown again.</Text>
        <Code
          block
          aria-label="Secret of the key"
          style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}
        >
          {secret}
        </Code>
        <Group justify="flex-end" gap="xs">
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <Button
                variant="light"
                leftSection={copied ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
                onClick={copy}
              >
                {copied ? "Copied" : "Copy the key"}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>I have kept it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
