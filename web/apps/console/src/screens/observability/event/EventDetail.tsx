import { Alert, Anchor, Group, Skeleton, Tabs, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { TelemetryEvent, TraceSpan } from "@timeloom/client";
import { useObservabilityEvent } from "@timeloom/client/react";
import { CircleAlert } from "lucide-react";
import { CopyButton } from "../../../ui/CopyButton";
import { ErrorState } from "../../../ui/states";
import { KindIcon } from "../shared/KindIcon";
import { lookOf } from "../shared/kinds";
import { Attributes } from "./Attributes";
import classes from "./EventDetail.module.css";
import { Facts } from "./Facts";
import { Moments } from "./Moments";
import { Payload } from "./Payload";
import { Scores } from "./Scores";

interface EventDetailProps {
  readonly eventId: string;
  /** The place of a span in its trace, where that is known. */
  readonly span?: TraceSpan | undefined;
  /** Whether the trace is what is around it already. */
  readonly isInTrace?: boolean;
}

/** Everything that is known of an event. */
export function EventDetail({ eventId, span, isInTrace = false }: EventDetailProps) {
  const reading = useObservabilityEvent(eventId);
  if (reading.isError) return <ErrorState error={reading.error} onRetry={() => void reading.refetch()} />;
  const event = reading.data ?? span?.event;
  if (event === undefined) return <Skeleton height={320} role="status" aria-label="Loading the event" />;
  const isWhole = reading.data !== undefined;
  const moments = span?.moments ?? [];
  return (
    <article className={classes.detail} aria-label={event.name}>
      <Head event={event} isInTrace={isInTrace} />
      <Tabs defaultValue="content" keepMounted={false} className={classes.tabs ?? ""}>
        <Tabs.List>
          <Tabs.Tab value="content">Content</Tabs.Tab>
          <Tabs.Tab value="attributes">Attributes</Tabs.Tab>
          {moments.length > 0 && <Tabs.Tab value="moments">Moments {moments.length}</Tabs.Tab>}
          {event.traceId !== "" && <Tabs.Tab value="scores">Scores</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="content" tabIndex={-1}>
          <Facts event={event} selfMs={span?.selfMs} isCritical={span?.isCritical} />
          {isWhole ? <Content event={event} /> : <Skeleton height={160} mt="sm" />}
        </Tabs.Panel>
        <Tabs.Panel value="attributes" tabIndex={-1}>
          {isWhole ? <Attributes event={event} /> : <Skeleton height={160} mt="sm" />}
        </Tabs.Panel>
        <Tabs.Panel value="moments" tabIndex={-1}>
          <Moments moments={moments} startTime={event.startTime} />
        </Tabs.Panel>
        <Tabs.Panel value="scores" tabIndex={-1}>
          <Scores event={event} />
        </Tabs.Panel>
      </Tabs>
    </article>
  );
}

function Head({ event, isInTrace }: { event: TelemetryEvent; isInTrace: boolean }) {
  return (
    <>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <span className={classes.sign}>
          <KindIcon event={event} size={16} />
        </span>
        <Title order={2} className={classes.name ?? ""}>
          {event.name}
        </Title>
      </Group>
      <Group gap={6} mt={2} c="dimmed" fz="xs">
        {lookOf(event).label}
        <span aria-hidden>·</span>
        <span className="mono">{event.id}</span>
        <CopyButton value={event.id} label="Copy the event's id" />
      </Group>
      <Group gap="md" mt={4}>
        {!isInTrace && event.traceId !== "" && (
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link
                to="/observability/traces/$traceId"
                params={{ traceId: event.traceId }}
                search={{ event: event.id }}
                {...props}
              />
            )}
          >
            Open its trace
          </Anchor>
        )}
        {event.executionId !== "" && (
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/executions/$executionId" params={{ executionId: event.executionId }} {...props} />
            )}
          >
            Step through its execution
          </Anchor>
        )}
      </Group>
      {(event.status === "ERROR" || event.message !== "") && (
        <Alert
          mt="sm"
          p="xs"
          color={event.status === "ERROR" ? "red" : "gray"}
          icon={event.status === "ERROR" ? <CircleAlert size={16} aria-hidden /> : undefined}
          title={event.status === "ERROR" ? event.errorType || "Failed" : "Message"}
        >
          {event.message !== "" && <p className={classes.message}>{event.message}</p>}
        </Alert>
      )}
    </>
  );
}

function Content({ event }: { event: TelemetryEvent }) {
  if (event.input === undefined && event.output === undefined) {
    return (
      <Text size="sm" c="dimmed" mt="md">
        No input and no output were sent.
      </Text>
    );
  }
  return (
    <>
      {event.input !== undefined && <Payload title="Input" value={event.input} />}
      {event.output !== undefined && <Payload title="Output" value={event.output} />}
    </>
  );
}
