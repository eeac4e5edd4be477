import { Alert, Button, Code, Collapse, Group, Stack, Tabs, Text, Title } from "@mantine/core";
import { useApiKeys } from "@timeloom/client/react";
import { ChevronDown, ChevronRight, KeyRound, Sparkles } from "lucide-react";
import { useState } from "react";
import { useSignedIn } from "../../app/SessionGate";
import { CopyButton } from "../../ui/CopyButton";
import { Problem } from "../../ui/Problem";
import classes from "./Home.module.css";
import { snippetsFor } from "./snippets";

const NO_KEY = "YOUR_API_KEY";

/** How a program comes to be recorded: lines to copy, with a key that is made here. */
export function FirstSteps({ isNew }: { isNew: boolean }) {
  const [isOpen, setOpen] = useState(isNew);
  const Icon = isOpen ? ChevronDown : ChevronRight;
  return (
    <section className={classes.card} aria-label="First steps" data-new={isNew || undefined}>
      {isNew ? (
        <Group gap="xs" mb={4}>
          <Sparkles size={18} color="var(--tl-accent)" aria-hidden />
          <Title order={2}>Record your first agent</Title>
        </Group>
      ) : (
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          leftSection={<Icon size={15} aria-hidden />}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          Connect another agent
        </Button>
      )}
      <Collapse expanded={isOpen}>
        <Steps />
      </Collapse>
    </section>
  );
}

function Steps() {
  const { scope } = useSignedIn();
  const [secret, setSecret] = useState("");
  const { origin, hostname } = globalThis.location;
  const snippets = snippetsFor({ url: origin, host: hostname, apiKey: secret || NO_KEY });
  return (
    <Stack gap="sm" mt={4}>
      <Text size="sm" c="dimmed" maw={720}>
        Paste one of these into a program. What it does is on this page a moment later: every step with its
        state, to step back through, compare and fork.
      </Text>
      {scope === "ADMIN" ? <MakeKey secret={secret} onMade={setSecret} /> : <AskForKey />}
      <Tabs defaultValue="python" keepMounted={false}>
        <Tabs.List>
          {snippets.map(({ id, label }) => (
            <Tabs.Tab key={id} value={id}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {snippets.map(({ id, label, text }) => (
          <Tabs.Panel key={id} value={id} pt="xs">
            <div className={classes.snippet}>
              <Code block tabIndex={0} aria-label={`Lines for ${label}`}>
                {text}
              </Code>
              <div className={classes.copy}>
                <CopyButton value={text} label={`Copy the lines for ${label}`} />
              </div>
            </div>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}

function MakeKey({ secret, onMade }: { secret: string; onMade: (secret: string) => void }) {
  const { create } = useApiKeys({ enabled: false });
  if (secret !== "") {
    return (
      <Alert color="yellow" variant="light" icon={<KeyRound size={16} aria-hidden />} p="xs">
        The lines below have a new key that may write. It is shown only now: copy what you need, and keep it
        safe.
      </Alert>
    );
  }
  return (
    <Stack gap="xs" align="flex-start">
      <Button
        variant="light"
        leftSection={<KeyRound size={15} aria-hidden />}
        loading={create.isPending}
        onClick={() =>
          create.mutate({ name: "First steps", scope: "WRITE" }, { onSuccess: (made) => onMade(made.secret) })
        }
      >
        Create a key for them
      </Button>
      {create.isError && <Problem error={create.error} />}
    </Stack>
  );
}

function AskForKey() {
  return (
    <Text size="sm">
      Your session may not create keys: ask an administrator of the project for one that may write.
    </Text>
  );
}
