import { Group, Text } from "@mantine/core";
import type { TelemetryEvent } from "@timeloom/client";
import { formatDuration } from "../../../ui/format";
import { KindIcon } from "../shared/KindIcon";
import { preciseMs } from "../trace/layout";
import classes from "./EventDetail.module.css";

/** What happened within a span: exceptions, retries, logs. */
export function Moments({
  moments,
  startTime,
}: {
  moments: readonly TelemetryEvent[];
  startTime?: string | undefined;
}) {
  return (
    <ol className={classes.moments}>
      {moments.map((each) => {
        const after = preciseMs(each.startTime) - preciseMs(startTime);
        return (
          <li key={each.id}>
            <Group gap={6} wrap="nowrap">
              <KindIcon event={each} />
              <Text size="sm" fw={550}>
                {each.name || each.message}
              </Text>
              <Text size="xs" c="dimmed" ml="auto">
                {after >= 0 ? `after ${formatDuration(after)}` : `${formatDuration(-after)} before`}
              </Text>
            </Group>
            {each.name !== "" && each.message !== "" && <Text size="sm">{each.message}</Text>}
            {each.errorType !== "" && (
              <Text size="xs" c="var(--tl-bad)">
                {each.errorType}
              </Text>
            )}
          </li>
        );
      })}
    </ol>
  );
}
