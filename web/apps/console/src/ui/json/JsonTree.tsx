import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import classes from "./JsonTree.module.css";
import { JsonMatches, JsonTreeBar, useJsonSearch } from "./JsonTreeBar";
import { type JsonChange, JsonMarks, NO_MARKS } from "./marks";
import { type OpenRows, type OutlineRow, opened, outline, ROWS_MAX } from "./outline";
import { tokensOf } from "./pointer";
import { previewOf, toneOf } from "./preview";

const ROW_PIXELS = 24;
const INDENT_PIXELS = 16;
/** Opening more opens so many rows at most. */
const OPENED_MAX = 2_000;
const SIGNS = { ADDED: "+", REMOVED: "−", CHANGED: "~" } as const;
const WORDS = { ADDED: "added", REMOVED: "removed", CHANGED: "changed" } as const;

export interface JsonTreeProps {
  readonly value: unknown;
  /** What the tree is of, for screen readers. */
  readonly label: string;
  /** What differs from the state before: these places are marked. */
  readonly changes?: readonly JsonChange[] | undefined;
  readonly selected?: string | undefined;
  /** Called with the JSON pointer of a row that was clicked or entered. */
  readonly onSelect?: ((pointer: string) => void) | undefined;
  /** More at the right of the tree's bar. */
  readonly tools?: ReactNode;
}

/** A JSON value of any size as a tree: only what is visible is made. */
export function JsonTree({ value, label, changes, selected, onSelect, tools }: JsonTreeProps) {
  const marks = useMemo(() => (changes === undefined ? NO_MARKS : new JsonMarks(changes)), [changes]);
  const { rows, active, setActive, toggle, setAll, reveal, wanted } = useOutline(value, marks);
  const scroller = useRef<HTMLDivElement>(null);
  const treeId = useId();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 8,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  useEffect(() => {
    const index = rows.findIndex((row) => row.id === wanted.current);
    if (index < 0) return;
    wanted.current = undefined;
    virtual.scrollToIndex(index, { align: "center" });
  }, [rows, virtual, wanted]);
  const choose = useCallback(
    (row: OutlineRow) => {
      setActive(row.id);
      if (row.range === undefined) onSelect?.(row.pointer);
      else toggle(row);
    },
    [onSelect, toggle, setActive],
  );
  const activeIndex = active === undefined ? -1 : rows.findIndex((row) => row.id === active);
  const move = (row: OutlineRow | undefined) => {
    if (row === undefined) return;
    setActive(row.id);
    virtual.scrollToIndex(rows.indexOf(row));
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!handleTreeKey(event.key, rows, Math.max(0, activeIndex), { move, toggle, choose })) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={classes.frame}>
      <SearchedBar value={value} onReveal={reveal} onAll={setAll} tools={tools} />
      <div
        ref={scroller}
        className={classes.scroller}
        role="tree"
        tabIndex={0}
        aria-label={label}
        aria-activedescendant={activeIndex < 0 ? undefined : `${treeId}-${activeIndex}`}
        onKeyDown={onKeyDown}
      >
        <div role="none" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <TreeRow
                  key={item.key}
                  id={`${treeId}-${item.index}`}
                  row={row}
                  start={item.start}
                  isActive={item.index === activeIndex}
                  isSelected={row.range === undefined && row.pointer === selected && row.mark !== "REMOVED"}
                  onToggle={toggle}
                  onChoose={choose}
                />
              )
            );
          })}
        </div>
      </div>
      {rows.length >= ROWS_MAX && (
        <p className={classes.note}>The first {ROWS_MAX} open rows are shown. Close some, or search.</p>
      )}
    </div>
  );
}

/** The rows of a value, and what opens and closes them. */
function useOutline(value: unknown, marks: JsonMarks) {
  const [open, setOpen] = useState<OpenRows>(new Map());
  const [active, setActive] = useState<string>();
  const wanted = useRef<string>(undefined);
  const rows = useMemo(() => outline(value, open, marks), [value, open, marks]);
  const latest = useRef({ rows, value });
  useEffect(() => {
    latest.current = { rows, value };
  });
  const toggle = useCallback((row: OutlineRow) => {
    if (row.size) setOpen((before) => new Map(before).set(row.id, !row.isOpen));
  }, []);
  const setAll = useCallback((isOpen: boolean) => {
    setOpen((before) => {
      const after = new Map(before);
      for (const row of latest.current.rows.slice(0, OPENED_MAX)) if (row.size) after.set(row.id, isOpen);
      return after;
    });
  }, []);
  const reveal = useCallback((pointer: string) => {
    wanted.current = pointer;
    setActive(pointer);
    setOpen((before) => {
      const after = new Map(before);
      for (const id of opened(latest.current.value, tokensOf(pointer))) after.set(id, true);
      return after;
    });
  }, []);
  return { rows, active, setActive, toggle, setAll, reveal, wanted };
}

interface SearchedBarProps {
  readonly value: unknown;
  readonly onReveal: (pointer: string) => void;
  readonly onAll: (isOpen: boolean) => void;
  readonly tools: ReactNode;
}

/** The bar, which stays as it is while states go by, unless something is searched in them. */
function SearchedBar({ value, onReveal, onAll, tools }: SearchedBarProps) {
  const [text, setText] = useState("");
  const search = useJsonSearch(value, text, onReveal);
  const latest = useRef(search);
  useEffect(() => {
    latest.current = search;
  });
  const go = useCallback((by: number) => latest.current.go(by), []);
  return (
    <JsonTreeBar text={text} onText={setText} onGo={go} onAll={onAll} tools={tools}>
      {text === "" ? null : <JsonMatches search={search} />}
    </JsonTreeBar>
  );
}

interface Moves {
  readonly move: (row: OutlineRow | undefined) => void;
  readonly toggle: (row: OutlineRow) => void;
  readonly choose: (row: OutlineRow) => void;
}

/** Does what a key means in a tree; false if it means nothing. */
function handleTreeKey(key: string, rows: readonly OutlineRow[], at: number, moves: Moves): boolean {
  const row = rows[at];
  if (row === undefined) return false;
  if (key === "ArrowDown" || key === "j") moves.move(rows[at + 1]);
  else if (key === "ArrowUp" || key === "k") moves.move(rows[at - 1]);
  else if (key === "Home") moves.move(rows[0]);
  else if (key === "End") moves.move(rows.at(-1));
  else if (key === "ArrowRight") row.size && !row.isOpen ? moves.toggle(row) : moves.move(rows[at + 1]);
  else if (key === "ArrowLeft") {
    if (row.isOpen) moves.toggle(row);
    else moves.move(rows.slice(0, at).findLast((each) => each.depth < row.depth) ?? row);
  } else if (key === "Enter") moves.choose(row);
  else if (key === " ") moves.toggle(row);
  else return false;
  return true;
}

interface TreeRowProps {
  readonly id: string;
  readonly row: OutlineRow;
  readonly start: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly onToggle: (row: OutlineRow) => void;
  readonly onChoose: (row: OutlineRow) => void;
}

const TreeRow = memo(function TreeRow(of: TreeRowProps) {
  const { row } = of;
  const sign = row.mark ? SIGNS[row.mark] : row.hasChangesBelow ? "·" : "";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree itself has the focus and handles the keys
    <div
      id={of.id}
      role="treeitem"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-expanded={row.size ? row.isOpen : undefined}
      aria-selected={of.isSelected}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      className={classes.row}
      data-mark={row.mark}
      data-active={of.isActive || undefined}
      style={{ transform: `translateY(${of.start}px)`, height: ROW_PIXELS }}
      onClick={() => of.onChoose(row)}
      onDoubleClick={() => of.onToggle(row)}
    >
      <span className={classes.sign} aria-hidden>
        {sign}
      </span>
      <span style={{ width: row.depth * INDENT_PIXELS }} className={classes.indent} />
      <Twisty row={row} onToggle={of.onToggle} />
      {row.range ? (
        <span className={classes.group}>
          {row.range[0]} … {row.range[1] - 1}
        </span>
      ) : (
        <>
          {row.name !== undefined && (
            <span className={typeof row.name === "number" ? classes.index : classes.name}>{row.name}:</span>
          )}
          <span className={classes.value} data-tone={toneOf(row.value)}>
            {row.size && row.isOpen ? sizeText(row) : previewOf(row.value)}
          </span>
        </>
      )}
      {row.mark && <span className="visually-hidden">{WORDS[row.mark]}</span>}
    </div>
  );
});

function Twisty({ row, onToggle }: { row: OutlineRow; onToggle: (row: OutlineRow) => void }) {
  if (!row.size) return <span className={classes.twisty} />;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a place to click; the row itself tells and takes the keys
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree itself has the focus and handles the keys
    <span
      className={classes.twisty}
      data-open={row.isOpen || undefined}
      onClick={(event) => {
        event.stopPropagation();
        onToggle(row);
      }}
    >
      <svg viewBox="0 0 10 10" width="8" height="8" aria-hidden="true">
        <path d="M3 1.5 7 5 3 8.5" fill="none" stroke="currentColor" strokeWidth="1.6" />
      </svg>
    </span>
  );
}

function sizeText(row: OutlineRow): string {
  return Array.isArray(row.value) ? `[${row.size}]` : `{${row.size}}`;
}
