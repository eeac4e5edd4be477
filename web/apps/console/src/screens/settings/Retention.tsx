import { Button, Group, NumberInput, Skeleton, Stack, Switch, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { RetentionPolicy } from "@timeloom/client";
import { useRetentionPolicy, useTelemetryRetention } from "@timeloom/client/react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useSignedIn } from "../../app/SessionGate";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { millisecondsOf } from "../../ui/format";
import { ErrorState } from "../../ui/states";
import classes from "./Settings.module.css";

const DAY_MS = 86_400_000;
const KEEP_LAST_MAX = 1_000_000;
const DAYS_MAX = 36_500;

/** How long executions and telemetry are kept; for ever, unless a project says otherwise. */
export function Retention() {
  return (
    <div className={classes.columns}>
      <OfExecutions />
      <OfTelemetry />
    </div>
  );
}

function OfExecutions() {
  const { retention, update } = useRetentionPolicy();
  if (retention.isError)
    return <ErrorState error={retention.error} onRetry={() => void retention.refetch()} />;
  if (retention.isPending) return <Loading />;
  const { policy, updateTime = "" } = retention.data;
  return (
    <Card
      title="Executions"
      text="Snapshots that no rule keeps are deleted, once an hour. Heads, and what forks stand on, always stay."
    >
      <SnapshotRules
        key={updateTime}
        policy={policy}
        onSave={(next) => update.mutateAsync(next === undefined ? {} : { policy: next })}
      />
    </Card>
  );
}

interface SnapshotRulesProps {
  readonly policy: RetentionPolicy | undefined;
  readonly onSave: (policy: Rules | undefined) => Promise<unknown>;
}
type Rules = Partial<RetentionPolicy>;

function SnapshotRules({ policy, onSave }: SnapshotRulesProps) {
  const { scope } = useSignedIn();
  const [keepLast, setKeepLast] = useState(policy?.keepLast ?? 0);
  const [youngerDays, setYoungerDays] = useState(daysOf(policy?.keepYoungerThan));
  const [endedDays, setEndedDays] = useState(daysOf(policy?.deleteEndedAfter));
  const [keepTagged, setKeepTagged] = useState(policy?.keepTagged ?? true);
  const keepKinds = policy?.keepKinds ?? [];
  // What is tagged is only an exception: alone, it would have everything else deleted.
  const keepsSome = keepLast > 0 || youngerDays > 0 || keepKinds.length > 0;
  const hasRules = keepsSome || endedDays > 0;
  const rules: Rules = {
    ...(keepsSome && { keepLast, keepTagged, keepKinds }),
    ...(youngerDays > 0 && { keepYoungerThan: secondsOf(youngerDays) }),
    ...(endedDays > 0 && { deleteEndedAfter: secondsOf(endedDays) }),
  };
  return (
    <Form
      canSave={scope === "ADMIN"}
      isDestructive={hasRules}
      warning="What these rules do not keep is deleted within the hour, for good."
      onSave={() => onSave(hasRules ? rules : undefined)}
    >
      <NumberInput
        label="Keep the newest snapshots of each execution"
        description="0 for no such rule."
        min={0}
        max={KEEP_LAST_MAX}
        value={keepLast}
        onChange={(value) => setKeepLast(Number(value))}
      />
      <Days
        label="Keep snapshots younger than"
        none="no such rule"
        value={youngerDays}
        onChange={setYoungerDays}
      />
      <Days
        label="Delete whole executions that ended more than"
        suffix=" days ago"
        none="never"
        value={endedDays}
        onChange={setEndedDays}
      />
      <Switch
        label="Beside these, keep snapshots with a tag or label"
        disabled={!keepsSome}
        checked={keepTagged}
        onChange={(event) => setKeepTagged(event.currentTarget.checked)}
      />
    </Form>
  );
}

function OfTelemetry() {
  const { retention, update } = useTelemetryRetention();
  if (retention.isError)
    return <ErrorState error={retention.error} onRetry={() => void retention.refetch()} />;
  if (retention.isPending) return <Loading />;
  const { days, metricDays } = retention.data;
  return (
    <Card
      title="Telemetry"
      text="Events go with their traces, sessions and scores. Executions that traces became in time travel stay."
    >
      <TelemetryDays
        key={`${days} ${metricDays}`}
        days={days}
        metricDays={metricDays}
        onSave={(next) => update.mutateAsync(next)}
      />
    </Card>
  );
}

interface TelemetryDaysProps {
  readonly days: number;
  readonly metricDays: number;
  readonly onSave: (next: { days: number; metricDays: number }) => Promise<unknown>;
}

function TelemetryDays({ days, metricDays, onSave }: TelemetryDaysProps) {
  const { scope } = useSignedIn();
  const [next, setNext] = useState({ days, metricDays });
  return (
    <Form
      canSave={scope === "ADMIN"}
      isDestructive={next.days > 0 || next.metricDays > 0}
      warning="Telemetry that is older is deleted, for good."
      onSave={() => onSave(next)}
    >
      <Days
        label="Keep events for"
        none="ever"
        value={next.days}
        onChange={(value) => setNext({ ...next, days: value })}
      />
      <Days
        label="Keep the points of metrics for"
        none="ever"
        value={next.metricDays}
        onChange={(value) => setNext({ ...next, metricDays: value })}
      />
    </Form>
  );
}

interface DaysProps {
  readonly label: string;
  readonly suffix?: string;
  /** What zero days stand for. */
  readonly none: string;
  readonly value: number;
  readonly onChange: (days: number) => void;
}

function Days({ label, suffix = " days", none, value, onChange }: DaysProps) {
  return (
    <NumberInput
      label={label}
      description={`0 for ${none}.`}
      suffix={suffix}
      min={0}
      max={DAYS_MAX}
      value={value}
      onChange={(next) => onChange(Number(next))}
    />
  );
}

interface FormProps {
  readonly canSave: boolean;
  readonly isDestructive: boolean;
  readonly warning: string;
  readonly onSave: () => Promise<unknown>;
  readonly children: ReactNode;
}

/** Asks before it is saved, because something is deleted by it. */
function Form({ canSave, isDestructive, warning, onSave, children }: FormProps) {
  const [isAsking, setAsking] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsking(true);
  };
  return (
    <form onSubmit={submit}>
      <fieldset className={classes.fields} disabled={!canSave}>
        <Stack gap="sm">
          {children}
          <Group justify="flex-end">
            {!canSave && (
              <Text size="sm" c="dimmed">
                Only administrators change this.
              </Text>
            )}
            <Button type="submit" variant="light">
              Save
            </Button>
          </Group>
        </Stack>
      </fieldset>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Change how long this is kept?"
        action="Change it"
        isDestructive={isDestructive}
        onConfirm={async () => {
          await onSave();
          notifications.show({ message: "Saved." });
        }}
      >
        {isDestructive ? warning : "Everything is kept from now on."}
      </ConfirmDialog>
    </form>
  );
}

function Card({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <section className={classes.card} aria-label={title}>
      <Title order={2}>{title}</Title>
      <Text size="sm" c="dimmed" mb="sm">
        {text}
      </Text>
      {children}
    </section>
  );
}

function Loading() {
  return <Skeleton height={260} radius="md" role="status" aria-label="Loading how long things are kept" />;
}

function daysOf(duration: string | undefined): number {
  return duration === undefined ? 0 : Number((millisecondsOf(duration) / DAY_MS).toFixed(4));
}

function secondsOf(days: number): string {
  return `${Math.round(days * 86_400)}s`;
}
