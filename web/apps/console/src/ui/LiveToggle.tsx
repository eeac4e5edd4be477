import { Button, Group, Tooltip } from "@mantine/core";
import { Pause, Play } from "lucide-react";
import { formatCount } from "./format";
import classes from "./LiveToggle.module.css";

interface LiveToggleProps {
  readonly isLive: boolean;
  readonly onChange: (isLive: boolean) => void;
  /** What has come since it was paused. */
  readonly waitingCount?: number;
  /** Live, but not connected at the moment. */
  readonly isConnecting?: boolean;
}

/** Follows what comes, or holds it back. */
export function LiveToggle({ isLive, onChange, waitingCount = 0, isConnecting = false }: LiveToggleProps) {
  const Icon = isLive ? Pause : Play;
  const label = isLive ? "Hold what comes back (space)" : "Follow what comes (space)";
  return (
    <Group gap={6} wrap="nowrap">
      <Tooltip label={label}>
        <Button
          variant="default"
          size="xs"
          aria-pressed={isLive}
          leftSection={
            <span className={classes.dot} data-live={isLive && !isConnecting ? true : undefined} />
          }
          rightSection={<Icon size={13} aria-hidden />}
          onClick={() => onChange(!isLive)}
        >
          {isConnecting ? "Connecting" : isLive ? "Live" : "Paused"}
        </Button>
      </Tooltip>
      <span role="status">
        {!isLive && waitingCount > 0 && (
          <Button variant="light" size="xs" onClick={() => onChange(true)}>
            {formatCount(waitingCount)} waiting
          </Button>
        )}
      </span>
    </Group>
  );
}
