import { Anchor, Code, Group, List, Paper, Stack, Text } from "@mantine/core";
import { CopyButton } from "../../ui/CopyButton";

/** How an app of another origin brings its data over by itself. */
export function FromElsewhere() {
  const snippet = `<script src="${location.origin}/migrate.js" data-app="my-app"></script>`;
  return (
    <Paper p="lg">
      <Stack>
        <Text>
          A page can read only what its own origin keeps, so the app's page has to bring its data over itself.
          It shows what it found, asks for an API key, and its migration appears here.
        </Text>
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <Code block style={{ flex: 1, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {snippet}
          </Code>
          <CopyButton value={snippet} label="Copy the snippet" />
        </Group>
        <List size="sm" spacing={6}>
          <List.Item>
            Name the app's origin in <Code>TIMELOOM_CORS_ORIGINS</Code>, and start Timeloom anew.
          </List.Item>
          <List.Item>
            Include the snippet in the app, or paste the script into the browser's developer tools.
          </List.Item>
          <List.Item>
            Without a network in the middle, the script waits and goes on. The{" "}
            <Anchor href="/docs">API reference</Anchor> has the calls behind it.
          </List.Item>
        </List>
      </Stack>
    </Paper>
  );
}
