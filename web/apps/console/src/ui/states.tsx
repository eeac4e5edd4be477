import { Alert, Button, Center, Code, List, Loader, Stack, Text, Title } from "@mantine/core";
import { TimeloomError } from "@timeloom/client";
import { CircleAlert, Inbox, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** Says that there is nothing yet, and how something comes to be. */
export function EmptyState(of: { title: string; text?: ReactNode; icon?: LucideIcon; children?: ReactNode }) {
  const Icon = of.icon ?? Inbox;
  return (
    <Center mih={240} p="xl">
      <Stack align="center" gap="xs" maw={520}>
        <Icon size={36} strokeWidth={1.2} color="var(--tl-muted)" aria-hidden />
        <Title order={2}>{of.title}</Title>
        {of.text !== undefined && (
          <Text c="dimmed" ta="center">
            {of.text}
          </Text>
        )}
        {of.children}
      </Stack>
    </Center>
  );
}

/** Says what went wrong, which field is to blame, and what can be done. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const known = error instanceof TimeloomError ? error : undefined;
  return (
    <Center p="xl">
      <Alert
        role="alert"
        color="red"
        variant="light"
        icon={<CircleAlert size={18} aria-hidden />}
        title={known?.status === 404 ? "This is not there" : "This could not be loaded"}
        maw={640}
      >
        <Stack gap="xs" align="flex-start">
          <Text>{error instanceof Error ? error.message : String(error)}</Text>
          {known !== undefined && known.violations.length > 0 && (
            <List size="sm">
              {known.violations.map((each) => (
                <List.Item key={each.field}>
                  <Code>{each.field}</Code> {each.description}
                </List.Item>
              ))}
            </List>
          )}
          {known?.requestId && (
            <Text size="xs" c="dimmed">
              Request <Code>{known.requestId}</Code>
            </Text>
          )}
          {onRetry && (
            <Button size="xs" variant="default" onClick={onRetry}>
              Try again
            </Button>
          )}
        </Stack>
      </Alert>
    </Center>
  );
}

/** Says that something is on its way. */
export function LoadingState({ label = "Loading" }: { label?: string }) {
  return (
    <Center mih={240} role="status" aria-label={label}>
      <Loader type="dots" />
    </Center>
  );
}
