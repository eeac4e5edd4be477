import { Button, Group, Popover, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure, useNetwork } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { type OfflineQueueHook, useOfflineQueue } from "@timeloom/client/offline";
import { CircleAlert, CloudCheck, CloudUpload, type LucideIcon, WifiOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { TimeAgo } from "../ui/Time";
import classes from "./ConnectionState.module.css";
import { isKeeping, subscribeKeeping } from "./offline/kept-answers";

/** Whether there is a network, and what waits to be sent. */
export function ConnectionState() {
  const { online } = useNetwork();
  const queue = useOfflineQueue();
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const look = lookOf(online, queue);
  return (
    <Popover opened={isOpen} onChange={close} position="bottom-end" width={320} shadow="md" trapFocus>
      <Popover.Target>
        <UnstyledButton
          className={classes.button}
          data-tone={look.tone}
          onClick={toggle}
          aria-label={`Sync: ${look.label}`}
        >
          <look.icon size={16} aria-hidden />
          <span role="status" className={look.isQuiet ? "visually-hidden" : classes.words}>
            {look.label}
          </span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label="Sync">
        <Facts queue={queue} isOnline={online} onFollow={close} />
      </Popover.Dropdown>
    </Popover>
  );
}

interface Look {
  readonly icon: LucideIcon;
  readonly tone: "quiet" | "info" | "warn" | "bad";
  readonly label: string;
  /** Only the sign is shown. */
  readonly isQuiet?: boolean;
}

function lookOf(isOnline: boolean, { pending, failed, conflicts, status }: OfflineQueueHook): Look {
  const waiting =
    pending.length > 0 ? `${pending.length} ${pending.length === 1 ? "change waits" : "changes wait"}` : "";
  if (!isOnline) {
    return { icon: WifiOff, tone: "warn", label: waiting === "" ? "Offline" : `Offline, ${waiting}` };
  }
  if (status === "stopped") return { icon: CircleAlert, tone: "bad", label: `Sync is stopped, ${waiting}` };
  if (failed.length + conflicts.length > 0) {
    const count = failed.length + conflicts.length;
    return {
      icon: CircleAlert,
      tone: "bad",
      label: `${count} ${count === 1 ? "change needs" : "changes need"} you`,
    };
  }
  if (waiting !== "") return { icon: CloudUpload, tone: "info", label: waiting };
  return { icon: CloudCheck, tone: "quiet", label: "Everything is sent", isQuiet: true };
}

const WORDS: Readonly<Record<OfflineQueueHook["status"], string>> = {
  idle: "At rest",
  sending: "Sending",
  waiting: "Waits for another try",
  offline: "Waits for the network",
  stopped: "Stopped: sign in again",
};

function Facts(of: { queue: OfflineQueueHook; isOnline: boolean; onFollow: () => void }) {
  const { pending, failed, conflicts, status, error, sentTime, isDurable, flush } = of.queue;
  const isBusy = useSyncExternalStore(subscribeKeeping, isKeeping);
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {of.isOnline
          ? "Changes to tasks and environments are kept here first, and sent in their order."
          : "You see what was loaded before. Changes are kept and sent when the network is back."}
      </Text>
      <dl className={classes.facts}>
        <dt>Queue</dt>
        <dd>{WORDS[status]}</dd>
        <dt>Waiting</dt>
        <dd>{pending.length}</dd>
        <dt>Rejected</dt>
        <dd>{failed.length}</dd>
        <dt>In conflict</dt>
        <dd>{conflicts.length}</dd>
        <dt>Last sent</dt>
        <dd>{sentTime === "" ? "Nothing yet" : <TimeAgo time={sentTime} />}</dd>
        <dt>Kept for offline</dt>
        <dd>{isBusy ? "Being kept" : "All that was loaded"}</dd>
      </dl>
      {error !== "" && (
        <Text size="sm" c="var(--tl-bad)">
          {error}
        </Text>
      )}
      {!isDurable && (
        <Text size="sm" c="var(--tl-warn)">
          This browser keeps nothing: what waits is lost with the page.
        </Text>
      )}
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          disabled={pending.length === 0 || !of.isOnline}
          loading={status === "sending"}
          onClick={() => void flush()}
        >
          Send now
        </Button>
        <Button
          size="xs"
          variant="subtle"
          renderRoot={(props) => <Link to="/workspace/conflicts" {...props} />}
          onClick={of.onFollow}
        >
          Conflicts and rejections
        </Button>
      </Group>
    </Stack>
  );
}
