import { Button, Stack, Text, Title } from "@mantine/core";
import type { Schemas } from "@timeloom/client";
import { useState } from "react";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { wordsOf } from "../../ui/format";
import { JsonEditor } from "../../ui/JsonEditor";
import { Problem } from "../../ui/Problem";
import { TimeAgo } from "../../ui/Time";
import classes from "./ConflictCard.module.css";
import { nameOf, nounOf } from "./conflict";
import { useMayWrite } from "./useWorkspace";

interface RejectedCardProps {
  readonly mutation: Pick<Schemas["Mutation"], "table" | "operation" | "recordId" | "value"> | undefined;
  readonly reason: string;
  readonly time: string | undefined;
  readonly onRetry: (value: Record<string, unknown>) => Promise<void>;
  readonly onDiscard: () => Promise<void>;
}

/** A change that cannot be applied as it is: its reason, and its value to be mended. */
export function RejectedCard({ mutation, reason, time, onRetry, onDiscard }: RejectedCardProps) {
  const mayWrite = useMayWrite();
  const [text, setText] = useState(() => JSON.stringify(mutation?.value ?? {}, null, 2));
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const name = nameOf(mutation?.value, mutation?.recordId ?? "");
  const value = objectOf(text);
  async function retry() {
    if (value === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      await onRetry(value);
    } catch (caught) {
      setError(caught); // shown below, whatever it is
    } finally {
      setBusy(false);
    }
  }
  return (
    <article className={classes.card} aria-label={`Rejected change of ${name}`}>
      <header className={classes.heading}>
        <Title order={2} className={classes.name ?? ""}>
          {nounOf(mutation?.table ?? "")} {name}
        </Title>
        <Text size="sm" c="dimmed">
          {wordsOf(mutation?.operation ?? "")} {time !== undefined && <TimeAgo time={time} span />}
        </Text>
      </header>
      <Stack p="sm" gap="sm">
        <Text c="var(--tl-bad)">{reason}</Text>
        <JsonEditor
          label="Value"
          description="Mend it, and apply it again."
          value={text}
          onChange={setText}
          height="140px"
          isReadOnly={!mayWrite}
          error={value === undefined ? "must be a JSON object" : undefined}
        />
        {error !== undefined && <Problem error={error} />}
      </Stack>
      {mayWrite && (
        <footer className={classes.actions}>
          <Button size="xs" loading={isBusy} disabled={value === undefined} onClick={() => void retry()}>
            Apply again
          </Button>
          <Button size="xs" variant="subtle" color="red" c="var(--tl-bad)" onClick={() => setAsking(true)}>
            Discard
          </Button>
        </footer>
      )}
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Discard this change?"
        action="Discard change"
        onConfirm={onDiscard}
      >
        It is never applied. The record stays as it is.
      </ConfirmDialog>
    </article>
  );
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(text);
    const isObject = typeof found === "object" && found !== null && !Array.isArray(found);
    return isObject ? (found as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // the editor shows where
  }
}
