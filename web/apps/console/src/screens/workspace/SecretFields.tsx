import { ActionIcon, Button, Group, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { TimeloomError } from "@timeloom/client";
import type { EnvironmentRow } from "@timeloom/client/collections";
import { useApi } from "@timeloom/client/react";
import { KeyRound, X } from "lucide-react";
import { useState } from "react";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Problem } from "../../ui/Problem";

/** Secrets go in and never come out. They are not kept in the browser either, so they need the network. */
export function SecretFields({
  environment,
  isReadOnly,
}: {
  environment: EnvironmentRow;
  isReadOnly: boolean;
}) {
  const { online } = useNetwork();
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const [removed, setRemoved] = useState<string>();
  const update = useApi().useMutation("patch", "/api/environments/{environmentId}");
  const send = (secrets: Record<string, string>) =>
    update.mutateAsync({ params: { path: { environmentId: environment.id } }, body: { secrets } });
  async function seal() {
    try {
      await send({ [name.trim()]: value });
    } catch {
      return; // shown below the fields
    }
    setName("");
    setValue("");
  }
  const error = update.error as unknown;
  return (
    <Stack gap={6}>
      <Title order={3}>Secrets</Title>
      <Text size="sm" c="dimmed">
        {online
          ? "Sealed at once, and never shown again. Workflows use them by name."
          : "Secrets are not kept in this browser, so they can be sealed when the network is back."}
      </Text>
      {(environment.secretNames ?? []).map((secret) => (
        <Group key={secret} gap={6} wrap="nowrap">
          <KeyRound size={14} aria-hidden />
          <Text className="mono" flex={1}>
            {secret}
          </Text>
          {!isReadOnly && (
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={!online}
              aria-label={`Remove the secret ${secret}`}
              onClick={() => setRemoved(secret)}
            >
              <X size={14} />
            </ActionIcon>
          )}
        </Group>
      ))}
      {!isReadOnly && (
        <Group gap={6} align="flex-end">
          <TextInput
            size="xs"
            flex={2}
            label="Name of the secret"
            classNames={{ input: "mono" }}
            autoComplete="off"
            value={name}
            disabled={!online}
            error={error instanceof TimeloomError && error.violation("secrets")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            size="xs"
            flex={3}
            label="Value"
            autoComplete="off"
            value={value}
            disabled={!online}
            onChange={(event) => setValue(event.currentTarget.value)}
          />
          <Button
            size="xs"
            variant="default"
            disabled={!online || name.trim() === "" || value === ""}
            loading={update.isPending}
            onClick={() => void seal()}
          >
            Seal
          </Button>
        </Group>
      )}
      {update.isError && <Problem error={error} shown={["secrets"]} />}
      <ConfirmDialog
        isOpen={removed !== undefined}
        onClose={() => setRemoved(undefined)}
        title={`Remove the secret ${removed ?? ""}?`}
        action="Remove secret"
        onConfirm={() => send({ [removed ?? ""]: "" })}
      >
        Nobody has its value any more then. Steps of workflows that use it will fail.
      </ConfirmDialog>
    </Stack>
  );
}
