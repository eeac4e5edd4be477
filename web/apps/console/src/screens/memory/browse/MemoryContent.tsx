import { Anchor, Badge, Group, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Memory } from "@timeloom/client";
import type { ReactNode } from "react";
import { CopyButton } from "../../../ui/CopyButton";
import { formatDateTime, formatShare } from "../../../ui/format";
import { Id } from "../../../ui/Id";
import { JsonTree } from "../../../ui/json";
import classes from "./MemoryDetail.module.css";

interface MemoryContentProps {
  readonly memory: Memory;
  readonly onOpen: (memoryId: string) => void;
}

/** What a memory says, where it lives, and what it is linked with. */
export function MemoryContent({ memory, onOpen }: MemoryContentProps) {
  return (
    <Stack gap="md">
      <div>
        <Group justify="space-between" mb={4}>
          <Text size="xs" c="dimmed">
            As it was written
          </Text>
          <CopyButton value={memory.content} label="Copy the content" />
        </Group>
        <div className={classes.content}>{memory.content}</div>
      </div>
      {memory.tags.length > 0 && (
        <Group gap={6} aria-label="Tags">
          {memory.tags.map((tag) => (
            <Badge key={tag} variant="default" radius="sm" tt="none" fw={500}>
              {tag}
            </Badge>
          ))}
        </Group>
      )}
      <Facts memory={memory} onOpen={onOpen} />
      {memory.context !== "" && (
        <div>
          <Text size="xs" c="dimmed" mb={4}>
            What came before it
          </Text>
          <div className={classes.diff}>{memory.context}</div>
        </div>
      )}
      {memory.metadata !== undefined && (
        <div className={classes.metadata}>
          <JsonTree value={memory.metadata} label="Metadata" />
        </div>
      )}
    </Stack>
  );
}

function Facts({ memory, onOpen }: MemoryContentProps) {
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Id", <Id key="id" value={memory.id} what="memory's id" />],
    [
      "Namespace",
      <Anchor
        key="namespace"
        size="sm"
        renderRoot={(props) => <Link to="/memory" search={{ namespace: memory.namespace }} {...props} />}
      >
        {memory.namespace}
      </Anchor>,
    ],
    ["Key", memory.key],
    ["Agent", memory.agentId],
    ["Session", memory.sessionId],
    ["Importance", `${memory.importance} of 10`],
    ["Confidence", formatShare(memory.confidence)],
    ["Happened", memory.occurTime && formatDateTime(memory.occurTime)],
    ["Holds from", memory.validFrom && formatDateTime(memory.validFrom)],
    ["Held until", memory.validTo && formatDateTime(memory.validTo)],
    ["Expires", memory.expireTime && formatDateTime(memory.expireTime)],
    ["Used", memory.accessCount > 0 ? `${memory.accessCount} times` : "never"],
    ["Version", memory.version],
    ["Vector", memory.embeddingModel && `${memory.embeddingModel}, ${memory.dimension} dimensions`],
    ["Replaced by", memory.supersededBy && <Opener key="by" id={memory.supersededBy} onOpen={onOpen} />],
    ["Replaces", memory.supersedes && <Opener key="of" id={memory.supersedes} onOpen={onOpen} />],
    [
      "Made of",
      memory.sourceIds.length > 0 &&
        memory.sourceIds.map((id) => <Opener key={id} id={id} onOpen={onOpen} />),
    ],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(
        ([name, value]) =>
          value !== "" &&
          value !== undefined &&
          value !== false && [<dt key={name}>{name}</dt>, <dd key={`${name} value`}>{value}</dd>],
      )}
    </dl>
  );
}

function Opener({ id, onOpen }: { id: string; onOpen: (memoryId: string) => void }) {
  return (
    <Anchor component="button" type="button" size="sm" mr={10} className="mono" onClick={() => onOpen(id)}>
      …{id.slice(-8)}
    </Anchor>
  );
}
