import { Button, Text, Tooltip } from "@mantine/core";
import { Radio } from "lucide-react";
import { useShortcut } from "../../../app/shortcuts";
import { formatCount } from "../../../ui/format";
import { LiveToggle } from "../../../ui/LiveToggle";
import type { EventsSearch } from "../routes";
import { type EventExplorer, whyNotLive } from "./use-events";

interface LiveControlProps {
  readonly explorer: EventExplorer;
  readonly search: EventsSearch;
  readonly onChange: (search: EventsSearch) => void;
}

/** Follows events as they arrive, holds them back, and says what has been left out. */
export function LiveControl({ explorer, search, onChange }: LiveControlProps) {
  const { isLive, isHeld, waitingCount, droppedCount, liveError, follow } = explorer;
  const why = whyNotLive(search);
  useShortcut({ keys: " ", label: "Follow or hold what comes", group: "This screen" }, () => {
    if (why === undefined) follow(!isLive || isHeld);
  });
  if (!isLive) {
    return (
      <Tooltip label={why ?? "Follow events as they arrive (space)"}>
        <Button
          size="xs"
          variant="default"
          leftSection={<Radio size={14} aria-hidden />}
          aria-disabled={why !== undefined}
          {...(why !== undefined && { "data-disabled": true })}
          onClick={() => why === undefined && follow(true)}
        >
          Follow
        </Button>
      </Tooltip>
    );
  }
  const { live: _, ...still } = search;
  return (
    <>
      {droppedCount > 0 && (
        <Text size="xs" c="dimmed">
          {formatCount(droppedCount)} older left out
        </Text>
      )}
      {liveError !== undefined && (
        <Text size="xs" c="var(--tl-bad)" role="alert">
          {liveError.message}
        </Text>
      )}
      <LiveToggle
        isLive={!isHeld}
        isConnecting={explorer.isConnecting}
        waitingCount={waitingCount}
        onChange={follow}
      />
      <Button size="xs" variant="subtle" color="gray" onClick={() => onChange(still)}>
        Stop
      </Button>
    </>
  );
}
