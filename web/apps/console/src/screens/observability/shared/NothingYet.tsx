import { Anchor, Code, Group, Stack, Tabs, Text } from "@mantine/core";
import { Activity } from "lucide-react";
import { CopyButton } from "../../../ui/CopyButton";
import { EmptyState } from "../../../ui/states";

const PYTHON = `pip install "timeloom[cli,observe]"

import timeloom

timeloom.observe(service_name="desk")  # then let your agent work`;

function anyProgram(): string {
  return `export OTEL_EXPORTER_OTLP_ENDPOINT=http://${globalThis.location.hostname}:4317
export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer $TIMELOOM_API_KEY"
export OTEL_SERVICE_NAME=desk`;
}

/** Says how telemetry comes to be. */
export function NothingYet() {
  return (
    <EmptyState
      icon={Activity}
      title="No telemetry yet"
      text="Timeloom takes OpenTelemetry. What an agent does is here a moment after it was sent."
    >
      <Tabs defaultValue="python" w="100%" mt="sm">
        <Tabs.List>
          <Tabs.Tab value="python">Python</Tabs.Tab>
          <Tabs.Tab value="any">Any program</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="python" pt="xs">
          <Snippet text={PYTHON} />
        </Tabs.Panel>
        <Tabs.Panel value="any" pt="xs">
          <Snippet text={anyProgram()} />
        </Tabs.Panel>
      </Tabs>
      <Text size="sm" c="dimmed">
        Keys are made in the <Anchor href="/settings">settings</Anchor>.
      </Text>
    </EmptyState>
  );
}

function Snippet({ text }: { text: string }) {
  return (
    <Stack gap={4}>
      <Code block>{text}</Code>
      <Group justify="flex-end">
        <CopyButton value={text} label="Copy the lines" />
      </Group>
    </Stack>
  );
}
