import { Text } from "@mantine/core";
import type { Memory, MemoryMatch } from "@timeloom/client";
import { useMemo, useState } from "react";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import { partsOf } from "../lib/score";
import { Kind } from "../ui/Kind";
import { MemoryState } from "../ui/MemoryState";
import { ScoreBar } from "../ui/ScoreBar";
import classes from "./MemoryList.module.css";

const ROW_PX = 58;

interface SearchResultsProps {
  readonly matches: readonly MemoryMatch[];
  readonly opened: string | undefined;
  readonly onOpen: (memory: Memory) => void;
}

/** What a search found, best first, with what its scores are made of. */
export function SearchResults({ matches, opened, onOpen }: SearchResultsProps) {
  const [active, setActive] = useState(opened);
  // The bars are as long as the scores are beside the best one's.
  const scale = Math.max(...matches.map((each) => each.score), 1e-9);
  const columns = useMemo((): readonly Column<MemoryMatch>[] => {
    return [
      {
        key: "score",
        title: "Score",
        width: "52px",
        align: "right",
        render: (match) => <span className={classes.score}>{match.score.toFixed(3)}</span>,
      },
      {
        key: "memory",
        title: "Memory",
        width: "minmax(200px, 1fr)",
        render: (match) => <Found match={match} scale={scale} />,
      },
      {
        key: "namespace",
        title: "Namespace",
        width: "140px",
        showFrom: 620,
        render: ({ memory }) => <span className={classes.quiet}>{memory?.namespace}</span>,
      },
    ];
  }, [scale]);
  return (
    <VirtualTable
      label="Found memories"
      rows={matches}
      keyOf={(match) => match.memory?.id ?? ""}
      columns={columns}
      rowHeightPx={ROW_PX}
      onOpen={(match) => match.memory && onOpen(match.memory)}
      activeKey={active}
      onActiveChange={setActive}
      hasShortcuts
      foot={
        <Text size="xs" c="dimmed">
          {matches.length} found, best first; the bar shows what was added up
        </Text>
      }
    />
  );
}

function Found({ match, scale }: { match: MemoryMatch; scale: number }) {
  const parts = partsOf(match);
  if (match.memory === undefined) return null;
  const { memory } = match;
  return (
    <div className={classes.found}>
      <span className={classes.content} title={memory.content}>
        <Kind kind={memory.kind} isShort />
        <span className={classes.text}>{memory.content}</span>
        <MemoryState memory={memory} />
      </span>
      {parts && (
        <div className={classes.explained}>
          <ScoreBar parts={parts} scale={scale} />
          <span aria-hidden>
            {parts.added
              .filter((each) => each.contribution > 0.0005)
              .map((each) => `${each.label.toLowerCase()} ${each.contribution.toFixed(3)}`)
              .join(" · ")}
            {` · × ${parts.factor.toFixed(2)}`}
          </span>
        </div>
      )}
    </div>
  );
}
