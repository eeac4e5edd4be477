import {
  ActionIcon,
  Button,
  Fieldset,
  Group,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { Plus, Trash2 } from "lucide-react";
import type { ActionDraft } from "./draft";
import type { DraftProps } from "./RuleForm";

const ACTIONS_MAX = 5;

/** Whom a rule tells. */
export function ActionFields({ draft, onChange, errorOf }: DraftProps) {
  const { actions } = draft;
  const set = (next: readonly ActionDraft[]) => onChange({ actions: next });
  const add = (kind: ActionDraft["kind"]) => {
    const key = Math.max(-1, ...actions.map((each) => each.key)) + 1;
    set([...actions, { key, kind, target: "", secret: "", hasSecret: false }]);
  };
  return (
    <Fieldset legend="Who is told" p="sm">
      <Stack gap="xs">
        {actions.length === 0 && (
          <Text size="sm" c="dimmed">
            Nobody: the alert is on this page only.
          </Text>
        )}
        {actions.map((action, at) => (
          <ActionRow
            key={action.key}
            action={action}
            error={errorOf(`actions[${at}].${action.kind === "webhook" ? "webhook.url" : "event.name"}`)}
            onChange={(part) => set(actions.map((each) => (each === action ? { ...each, ...part } : each)))}
            onRemove={() => set(actions.filter((each) => each !== action))}
          />
        ))}
        {actions.length < ACTIONS_MAX && (
          <Group gap="xs">
            <Add label="Webhook" onClick={() => add("webhook")} />
            <Add label="Event for workflows" onClick={() => add("event")} />
          </Group>
        )}
      </Stack>
    </Fieldset>
  );
}

function Add({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<Plus size={13} aria-hidden />}
      onClick={onClick}
    >
      {label}
    </Button>
  );
}

interface ActionRowProps {
  readonly action: ActionDraft;
  readonly error: string | undefined;
  readonly onChange: (part: Partial<ActionDraft>) => void;
  readonly onRemove: () => void;
}

function ActionRow({ action, error, onChange, onRemove }: ActionRowProps) {
  const isWebhook = action.kind === "webhook";
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      <TextInput
        size="xs"
        flex={2}
        label={isWebhook ? "Address" : "Name of the event"}
        placeholder={isWebhook ? "https://example.org/hook" : "budget.exceeded"}
        maxLength={isWebhook ? 2000 : 200}
        value={action.target}
        error={error}
        onChange={(event) => onChange({ target: event.currentTarget.value })}
      />
      {isWebhook && (
        <PasswordInput
          size="xs"
          flex={1}
          label="Secret"
          placeholder={action.hasSecret ? "as it is" : "none"}
          autoComplete="off"
          maxLength={500}
          value={action.secret}
          onChange={(event) => onChange({ secret: event.currentTarget.value })}
        />
      )}
      <Tooltip label="Do not tell it">
        <ActionIcon
          mt={22}
          variant="subtle"
          color="gray"
          aria-label="Take this action away"
          onClick={onRemove}
        >
          <Trash2 size={14} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
