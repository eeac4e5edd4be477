import { Text } from "@mantine/core";
import type { Memory } from "@timeloom/client";
import { useMemo, useState } from "react";
import { formatCount } from "../../../ui/format";
import { TimeAgo } from "../../../ui/Time";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import { Kind } from "../ui/Kind";
import { MemoryState } from "../ui/MemoryState";
import classes from "./MemoryList.module.css";

interface MemoryListProps {
  readonly memories: readonly Memory[];
  readonly opened: string | undefined;
  readonly onOpen: (memory: Memory) => void;
  readonly selected?: ReadonlySet<string> | undefined;
  readonly onSelect?: ((selected: ReadonlySet<string>) => void) | undefined;
  readonly hasMore?: boolean;
  readonly isLoadingMore?: boolean;
  readonly onLoadMore?: (() => void) | undefined;
}

const COLUMNS: readonly Column<Memory>[] = [
  {
    key: "content",
    title: "Memory",
    width: "minmax(180px, 1fr)",
    render: (memory) => (
      <span className={classes.content} title={memory.content}>
        <Kind kind={memory.kind} isShort />
        <span className={classes.text}>{memory.content}</span>
        <MemoryState memory={memory} />
      </span>
    ),
  },
  {
    key: "tags",
    title: "Tags",
    width: "110px",
    showFrom: 700,
    render: (memory) => <span className={classes.quiet}>{memory.tags.join(", ")}</span>,
  },
  {
    key: "namespace",
    title: "Namespace",
    width: "130px",
    showFrom: 560,
    render: (memory) => <span className={classes.quiet}>{memory.namespace}</span>,
  },
  {
    key: "importance",
    title: "Imp.",
    width: "40px",
    align: "right",
    showFrom: 480,
    render: (memory) => formatCount(memory.importance),
  },
  {
    key: "time",
    title: "Changed",
    width: "84px",
    align: "right",
    render: (memory) => memory.updateTime && <TimeAgo time={memory.updateTime} />,
  },
];

/** Memories as rows, of which those in sight are drawn. */
export function MemoryList({ memories, opened, onOpen, hasMore = false, ...rest }: MemoryListProps) {
  const [active, setActive] = useState(opened);
  const foot = useMemo(
    () => (
      <Text size="xs" c="dimmed">
        {formatCount(memories.length)} {hasMore ? "loaded, more as you scroll" : "in all"}
      </Text>
    ),
    [memories.length, hasMore],
  );
  return (
    <VirtualTable
      label="Memories"
      rows={memories}
      keyOf={(memory) => memory.id}
      columns={COLUMNS}
      onOpen={onOpen}
      activeKey={active}
      onActiveChange={setActive}
      hasMore={hasMore}
      hasShortcuts
      foot={foot}
      {...rest}
    />
  );
}
