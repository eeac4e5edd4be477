import { Anchor, Button, Center, Code, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Logo } from "./Logo";
import { sessionQuery, signIn } from "./session";

/** The way into the console: an API key, or the link that `timeloom up` prints. */
export function SignIn() {
  const [apiKey, setApiKey] = useState("");
  const queryClient = useQueryClient();
  const begin = useMutation({
    mutationFn: signIn,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    begin.mutate(apiKey.trim());
  };
  return (
    <Center component="main" mih="100%" p="md" bg="var(--tl-ground)">
      <Paper p="xl" w="100%" maw={420} shadow="sm">
        <form onSubmit={submit}>
          <Stack>
            <Logo size={36} />
            <Title order={1}>Sign in to Timeloom</Title>
            <Text c="dimmed">
              With an API key of your project. It is exchanged for a session and not kept in the browser.
            </Text>
            <PasswordInput
              label="API key"
              placeholder="tl_…"
              autoComplete="off"
              data-autofocus
              value={apiKey}
              onChange={(event) => setApiKey(event.currentTarget.value)}
              error={begin.error?.message}
            />
            <Button type="submit" loading={begin.isPending} disabled={apiKey.trim() === ""}>
              Sign in
            </Button>
            <Text size="sm" c="dimmed">
              On the machine where Timeloom runs, <Code>timeloom up</Code> prints a link that signs you in,
              and the key is in <Code>.timeloom/credentials.json</Code>. The{" "}
              <Anchor href="/docs">API reference</Anchor> is open to everybody.
            </Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
