import { Button, Group, Stack, Text } from "@mantine/core";
import type { Memory, MemoryVersion } from "@timeloom/client";
import { useMemoryHistory } from "@timeloom/client/react";
import { formatDateTime, wordsOf } from "../../../ui/format";
import { ErrorState, LoadingState } from "../../../ui/states";
import { diffTexts } from "../lib/textDiff";
import { changedFields } from "../lib/versions";
import classes from "./MemoryDetail.module.css";

/** The versions of a memory, newest first, each with what differs from the one before. */
export function MemoryHistory({ memory }: { memory: Memory }) {
  const history = useMemoryHistory(memory.id);
  if (history.isError) return <ErrorState error={history.error} onRetry={() => void history.refetch()} />;
  if (history.data === undefined) return <LoadingState label="Loading the history" />;
  const versions = history.data;
  return (
    <Stack gap="xs">
      <ol className={classes.versions} aria-label="Versions">
        {versions.map((version, place) => (
          <Version
            key={version.memory?.version}
            version={version}
            before={versions[place + 1]?.memory}
            isFirst={!history.hasNextPage && place === versions.length - 1}
          />
        ))}
      </ol>
      {history.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          loading={history.isFetchingNextPage}
          onClick={() => void history.fetchNextPage()}
        >
          Earlier versions
        </Button>
      )}
    </Stack>
  );
}

function Version(of: { version: MemoryVersion; before: Memory | undefined; isFirst: boolean }) {
  const { version, before, isFirst } = of;
  const { memory } = version;
  if (memory === undefined) return null;
  return (
    <li className={classes.version}>
      <Group gap={8}>
        <Text size="sm" fw={600}>
          {wordsOf(version.change)}
        </Text>
        <Text size="xs" c="dimmed">
          version {memory.version}
          {version.knownFrom && ` · ${formatDateTime(version.knownFrom)}`}
          {version.agentId !== "" && ` · by ${version.agentId}`}
        </Text>
      </Group>
      {version.reason !== "" && (
        <Text size="sm" c="dimmed">
          Reason: {version.reason}
        </Text>
      )}
      {isFirst && <div className={classes.diff}>{memory.content}</div>}
      {before && before.content !== memory.content && (
        <div className={classes.diff}>
          <TextDiff before={before.content} after={memory.content} />
        </div>
      )}
      {before && <FieldChanges before={before} after={memory} />}
    </li>
  );
}

/** Two texts as one, with what came and went marked. */
export function TextDiff({ before, after }: { before: string; after: string }) {
  return diffTexts(before, after).map((part) => {
    if (part.kind === "added") return <ins key={part.at}>{part.text}</ins>;
    if (part.kind === "removed") return <del key={part.at}>{part.text}</del>;
    return <span key={part.at}>{part.text}</span>;
  });
}

function FieldChanges({ before, after }: { before: Memory; after: Memory }) {
  const changes = changedFields(before, after);
  if (changes.length === 0) return null;
  return (
    <div className={classes.diff}>
      {changes.map((each) => (
        <div key={each.name}>
          {each.name}: {each.before !== "" && <del>{each.before}</del>}
          {each.before !== "" && each.after !== "" && " → "}
          {each.after !== "" && <ins>{each.after}</ins>}
        </div>
      ))}
    </div>
  );
}
