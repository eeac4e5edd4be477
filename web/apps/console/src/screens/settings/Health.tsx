import { Skeleton, Text, Title } from "@mantine/core";
import { useHealth, useLiveStatus, useTelemetryStats } from "@timeloom/client/react";
import { formatBytes, formatCount, wordsOf } from "../../ui/format";
import { ErrorState } from "../../ui/states";
import { TimeAgo } from "../../ui/Time";
import classes from "./Settings.module.css";
import { Sign } from "./Sign";

const TONES = { ready: "good", degraded: "warn", unavailable: "bad", stopping: "bad" } as const;
const LIVE = { open: "good", connecting: "warn", waiting: "bad", closed: "warn" } as const;
const LIVE_WORDS = {
  open: "Connected",
  connecting: "Connecting",
  waiting: "Broken, it is tried again",
  closed: "Not in use",
} as const;

/** Whether the services answer, and how much telemetry there is. */
export function Health() {
  return (
    <div className={classes.columns}>
      <Services />
      <Telemetry />
    </div>
  );
}

function Services() {
  const health = useHealth();
  const live = useLiveStatus();
  const missing = Object.entries(health.data?.missing ?? {});
  return (
    <section className={classes.card} aria-label="Services">
      <Title order={2}>Services</Title>
      <Text size="sm" c="dimmed" mb="sm">
        Asked every ten seconds.
      </Text>
      {health.isPending ? (
        <Skeleton height={90} role="status" aria-label="Asking the services" />
      ) : health.data === undefined ? (
        <ErrorState error={health.error} onRetry={() => void health.refetch()} />
      ) : (
        <dl className={classes.facts} aria-live="polite">
          <dt>Timeloom</dt>
          <dd>
            <Sign tone={TONES[health.data.status]}>{wordsOf(health.data.status)}</Sign>
          </dd>
          {missing.map(([name, why]) => (
            <Missing key={name} name={name} why={why} />
          ))}
          {missing.length === 0 && (
            <>
              <dt>Its services</dt>
              <dd>
                <Sign tone="good">All of them answer</Sign>
              </dd>
            </>
          )}
          <dt>Live stream</dt>
          <dd>
            <Sign tone={LIVE[live]}>{LIVE_WORDS[live]}</Sign>
          </dd>
        </dl>
      )}
    </section>
  );
}

function Missing({ name, why }: { name: string; why: string }) {
  return (
    <>
      <dt>{wordsOf(name)}</dt>
      <dd>
        <Sign tone="bad">{why}</Sign>
      </dd>
    </>
  );
}

function Telemetry() {
  const stats = useTelemetryStats();
  const { data } = stats;
  return (
    <section className={classes.card} aria-label="Telemetry">
      <Title order={2}>Telemetry</Title>
      <Text size="sm" c="dimmed" mb="sm">
        What this project keeps of it.
      </Text>
      {stats.isError ? (
        <ErrorState error={stats.error} onRetry={() => void stats.refetch()} />
      ) : data === undefined ? (
        <Skeleton height={130} role="status" aria-label="Counting telemetry" />
      ) : (
        <dl className={classes.facts}>
          <dt>Events</dt>
          <dd>{formatCount(data.eventCount)}</dd>
          <dt>Traces</dt>
          <dd>{formatCount(data.traceCount)}</dd>
          <dt>On disk</dt>
          <dd>{formatBytes(data.storedBytes)}</dd>
          <dt>Oldest</dt>
          <dd>{data.oldestTime === undefined ? "None" : <TimeAgo time={data.oldestTime} />}</dd>
          <dt>Not searchable yet</dt>
          <dd>
            {formatCount(data.unindexedCount)} by words, {formatCount(data.unembeddedCount)} by meaning
          </dd>
        </dl>
      )}
    </section>
  );
}
