import { Button, Group, Stack, Switch, Textarea, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { AlertRule, TimeloomError } from "@timeloom/client";
import { useAlertControls } from "@timeloom/client/react";
import { type FormEvent, useState } from "react";
import { Problem } from "../../../ui/Problem";
import { ActionFields } from "./ActionFields";
import { ConditionFields } from "./ConditionFields";
import { draftOf, NEW_DRAFT, problemsOf, type RuleDraft, ruleOf } from "./draft";
import { FilterFields } from "./FilterFields";
import { RuleTest } from "./RuleTest";
import { useSaveRule } from "./use-save-rule";

/** What the parts of the form need of it. */
export interface DraftProps {
  readonly draft: RuleDraft;
  readonly onChange: (change: Partial<RuleDraft>) => void;
  /** What is wrong with a field of the rule, if anything is. */
  readonly errorOf: (field: string) => string | undefined;
}

/** Makes or changes a rule, and says what it would have found in the past before it is kept. */
export function RuleForm({ rule, onDone }: { rule: AlertRule | undefined; onDone: () => void }) {
  const [draft, setDraft] = useState<RuleDraft>(() => (rule === undefined ? NEW_DRAFT : draftOf(rule)));
  const [isTried, setTried] = useState(false);
  const { createRule } = useAlertControls();
  const saving = useSaveRule();
  const problems = problemsOf(draft);
  const refused = (rule === undefined ? createRule.error : saving.error) as TimeloomError | null;
  const errorOf = (field: string) =>
    (isTried ? problems[field] : undefined) ?? refused?.violation(`rule.${field}`);
  const change = (part: Partial<RuleDraft>) => setDraft((before) => ({ ...before, ...part }));
  const done = {
    onSuccess: () => {
      notifications.show({ color: "green", title: "The rule is kept", message: draft.name });
      onDone();
    },
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    if (rule === undefined) createRule.mutate({ rule: ruleOf(draft) }, done);
    else saving.save(rule, draft, done);
  };
  const parts = { draft, onChange: change, errorOf };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        {rule !== undefined && <Title order={2}>{rule.name}</Title>}
        <TextInput
          label="Name"
          required
          maxLength={200}
          value={draft.name}
          error={errorOf("name")}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <ConditionFields {...parts} />
        <FilterFields {...parts} />
        <RuleTest draft={draft} isValid={problems.threshold === undefined} />
        <ActionFields {...parts} />
        <Textarea
          label="Description"
          autosize
          minRows={1}
          maxRows={6}
          maxLength={10_000}
          value={draft.description}
          error={errorOf("description")}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <Switch
          label="Check it"
          size="xs"
          checked={draft.enabled}
          onChange={(event) => change({ enabled: event.currentTarget.checked })}
        />
        {refused !== null && <Problem error={refused} shown={SHOWN} />}
        <Group justify="flex-end" gap="xs">
          <Button size="xs" variant="subtle" color="gray" onClick={onDone}>
            Cancel
          </Button>
          <Button size="xs" type="submit" loading={createRule.isPending || saving.isPending}>
            {rule === undefined ? "Create the rule" : "Save the rule"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const SHOWN = [
  "name",
  "description",
  "threshold",
  "recoveryThreshold",
  "windowSeconds",
  "forSeconds",
  "eventCountMin",
  "groupBy",
].map((field) => `rule.${field}`);
