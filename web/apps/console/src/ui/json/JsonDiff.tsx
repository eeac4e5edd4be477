import { Button, Group, SegmentedControl, Text } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { type DiffRow, diffRows, type Line } from "./diff-lines";
import classes from "./JsonDiff.module.css";
import type { JsonChange } from "./marks";

const LINE_PIXELS = 21;
const PATH_PIXELS = 30;
const SIGNS = { ADDED: "+", REMOVED: "−", CHANGED: "~" } as const;
const WORDS = { ADDED: "Added", REMOVED: "Removed", CHANGED: "Changed" } as const;
const VIEWS = [
  { value: "inline", label: "Inline" },
  { value: "split", label: "Split" },
];

export interface JsonDiffProps {
  /** What differs, as Timeloom tells it. */
  readonly changes: readonly JsonChange[];
  /** There were more changes than these. */
  readonly truncated?: boolean | undefined;
  /** What the diff is of, for screen readers. */
  readonly label: string;
  /** Called with the JSON pointer of a change whose path was clicked. */
  readonly onSelect?: ((pointer: string) => void) | undefined;
  /** More at the left of the diff's bar, such as what is compared with what. */
  readonly tools?: ReactNode;
}

/** What differs between two JSON values, one below another or side by side. */
export function JsonDiff({ changes, truncated = false, label, onSelect, tools }: JsonDiffProps) {
  const [view, setView] = useLocalStorage({ key: "timeloom-diff-view", defaultValue: "inline" });
  const [whole, setWhole] = useState<ReadonlySet<string>>(new Set());
  const isSplit = view === "split";
  const rows = useMemo(() => diffRows(changes, { isSplit, whole }), [changes, isSplit, whole]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.type === "path" ? PATH_PIXELS : LINE_PIXELS),
    overscan: 12,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  return (
    <div className={classes.frame}>
      <Group gap="xs" wrap="nowrap" justify="space-between" className={classes.bar ?? ""}>
        <Group gap="xs" wrap="nowrap" className={classes.tools ?? ""}>
          {tools}
          <Text size="xs" c="dimmed" role="status">
            {summaryOf(changes, truncated)}
          </Text>
        </Group>
        <SegmentedControl
          size="xs"
          data={VIEWS}
          value={view}
          onChange={setView}
          aria-label="View of the diff"
        />
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <section ref={scroller} className={classes.scroller} aria-label={label} tabIndex={0}>
        {changes.length === 0 && (
          <Text c="dimmed" ta="center" p="xl">
            Nothing differs
          </Text>
        )}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <div
                  key={item.key}
                  className={classes.row}
                  style={{ transform: `translateY(${item.start}px)`, height: item.size }}
                >
                  <DiffRowView
                    row={row}
                    isSplit={isSplit}
                    onSelect={onSelect}
                    onWhole={(path) => setWhole((before) => new Set(before).add(path))}
                  />
                </div>
              )
            );
          })}
        </div>
      </section>
    </div>
  );
}

function summaryOf(changes: readonly JsonChange[], truncated: boolean): string {
  const count = (kind: JsonChange["kind"]) => changes.filter((each) => each.kind === kind).length;
  const parts = (["ADDED", "REMOVED", "CHANGED"] as const)
    .map((kind) => [count(kind), WORDS[kind].toLowerCase()] as const)
    .filter(([many]) => many > 0)
    .map(([many, word]) => `${many} ${word}`);
  return parts.join(", ") + (truncated ? ", and more that are not shown" : "");
}

interface DiffRowViewProps {
  readonly row: DiffRow;
  readonly isSplit: boolean;
  readonly onSelect: ((pointer: string) => void) | undefined;
  readonly onWhole: (path: string) => void;
}

function DiffRowView({ row, isSplit, onSelect, onWhole }: DiffRowViewProps) {
  if (row.type === "path") {
    const path = row.change.path === "" ? "The whole state" : row.change.path;
    return (
      <div className={classes.path} data-kind={row.kind}>
        <span className={classes.sign} aria-hidden>
          {SIGNS[row.kind]}
        </span>
        <span className="visually-hidden">{WORDS[row.kind]}</span>
        {onSelect ? (
          <button type="button" className={classes.link} onClick={() => onSelect(row.change.path)}>
            {path}
          </button>
        ) : (
          <span>{path}</span>
        )}
        {row.change.oldPath && <span className={classes.from}>was {row.change.oldPath}</span>}
      </div>
    );
  }
  if (row.type === "more") {
    return (
      <Button size="compact-xs" variant="subtle" ml={28} onClick={() => onWhole(row.path)}>
        Show {row.hidden} more lines
      </Button>
    );
  }
  if (!isSplit) {
    return row.older ? <Side line={row.older} kind="older" /> : <Side line={row.newer} kind="newer" />;
  }
  return (
    <div className={classes.split}>
      <Side line={row.older} kind="older" />
      <Side line={row.newer} kind="newer" />
    </div>
  );
}

function Side({ line, kind }: { line: Line | undefined; kind: "older" | "newer" }) {
  if (line === undefined) return <div className={classes.nothing} />;
  return (
    <div className={classes.line} data-kind={kind}>
      <span className={classes.number} aria-hidden>
        {line.number}
      </span>
      <span className={classes.sign}>{kind === "older" ? "−" : "+"}</span>
      <code className={classes.code}>
        {line.parts.map((part, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line has at most three parts, which never move
          <span key={index} className={part.isNew ? classes.changed : undefined}>
            {part.text}
          </span>
        ))}
      </code>
    </div>
  );
}
