import { useVirtualizer } from "@tanstack/react-virtual";
import type { TaskRow } from "@timeloom/client/collections";
import { useOfflineQueue } from "@timeloom/client/offline";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { wordsOf } from "../../ui/format";
import { StatusBadge } from "../../ui/StatusBadge";
import { type Board, columnAfter, type Place, placeAfter } from "./board";
import classes from "./TaskBoard.module.css";
import { TaskCard } from "./TaskCard";
import { useMayWrite } from "./useWorkspace";
import { STATUSES, type Status } from "./words";

const CARD_PX = 84;
const OVERSCAN = 6;

interface BoardProps {
  readonly board: Board;
  readonly environments: ReadonlyMap<string, string>;
  readonly onMove: (task: TaskRow, status: Status) => void;
  readonly onOpen: (task: TaskRow) => void;
}

/** What a card is moved by: it is dragged over a column, or held by the keyboard. */
interface Moving {
  readonly task: TaskRow;
  readonly to: Status;
  readonly isHeld: boolean;
}

/** Tasks in columns, moved with the pointer or the keyboard. */
export function TaskBoard({ board, environments, onMove, onOpen }: BoardProps) {
  const mayWrite = useMayWrite();
  const [moving, setMoving] = useState<Moving>();
  const [place, setPlace] = useState<Place>({ column: 0, row: 0 });
  const [said, say] = useState("");
  const root = useRef<HTMLElement>(null);
  const { pending } = useOfflineQueue();
  const waiting = useMemo(() => new Set(pending.map(({ mutation }) => mutation.recordId)), [pending]);
  const counts = STATUSES.map((status) => board.get(status)?.length ?? 0);
  const current = inBounds(place, counts);

  function drop(task: TaskRow, to: Status) {
    setMoving(undefined);
    if (task.status === to) return;
    onMove(task, to);
    say(`${task.title} is moved to ${wordsOf(to)}.`);
  }

  function handleKey(event: KeyboardEvent) {
    const card = event.target instanceof Element ? event.target.closest("[data-task]") : null;
    const task = board.get(STATUSES[current.column] ?? "PENDING")?.[current.row];
    if (card === null || task === undefined) return;
    if (event.key === " " && mayWrite) {
      event.preventDefault();
      if (moving?.isHeld) {
        drop(moving.task, moving.to);
      } else {
        setMoving({ task, to: task.status as Status, isHeld: true });
        say(`${task.title} is held. Arrow keys choose a column, Space drops, Escape lets go.`);
      }
    } else if (moving?.isHeld) {
      event.preventDefault();
      if (event.key === "Escape") {
        setMoving(undefined);
        say(`${task.title} stays in ${wordsOf(task.status)}.`);
        return;
      }
      const to = columnAfter(event.key, moving.to);
      setMoving({ ...moving, to });
      say(wordsOf(to));
    } else {
      const next = placeAfter(KEYS[event.key] ?? event.key, current, counts);
      if (next === undefined) return;
      event.preventDefault();
      setPlace(next);
      requestAnimationFrame(() =>
        root.current?.querySelector<HTMLElement>("[data-task][tabindex='0']")?.focus(),
      );
    }
  }

  return (
    <section
      ref={root}
      className={classes.board}
      aria-label="Board"
      onKeyDown={handleKey}
      onKeyUp={keepClosed}
    >
      <span id="board-help" className="visually-hidden">
        {mayWrite ? "Enter opens it, Space takes it to another column." : "Enter opens it."}
      </span>
      <span className="visually-hidden" role="status">
        {said}
      </span>
      {STATUSES.map((status, column) => (
        <Column
          key={status}
          status={status}
          tasks={board.get(status) ?? []}
          isOver={moving !== undefined && moving.to === status && moving.task.status !== status}
          held={moving?.isHeld ? moving.task.id : undefined}
          focusedRow={current.column === column ? current.row : undefined}
          waiting={waiting}
          environments={environments}
          onOpen={(task, row) => {
            setPlace({ column, row });
            onOpen(task);
          }}
          onFocusRow={(row) => setPlace({ column, row })}
          onDrag={(task) => setMoving(task && mayWrite ? { task, to: status, isHeld: false } : undefined)}
          onOver={() => moving && setMoving({ ...moving, to: status })}
          onDrop={() => moving && drop(moving.task, status)}
        />
      ))}
    </section>
  );
}

/** Space takes a card, so it does not open it as well. */
function keepClosed(event: KeyboardEvent) {
  if (event.key === " ") event.preventDefault();
}

const KEYS: Readonly<Record<string, string>> = {
  j: "ArrowDown",
  k: "ArrowUp",
  h: "ArrowLeft",
  l: "ArrowRight",
};

/** The place, or the nearest one that has a card. */
function inBounds(place: Place, counts: readonly number[]): Place {
  const count = counts[place.column] ?? 0;
  if (count > 0) return { column: place.column, row: Math.min(place.row, count - 1) };
  return {
    column: Math.max(
      0,
      counts.findIndex((each) => each > 0),
    ),
    row: 0,
  };
}

interface ColumnProps {
  readonly status: Status;
  readonly tasks: readonly TaskRow[];
  readonly isOver: boolean;
  readonly held: string | undefined;
  /** The row that Tab comes to, if it is in this column. */
  readonly focusedRow: number | undefined;
  readonly waiting: ReadonlySet<string>;
  readonly environments: ReadonlyMap<string, string>;
  readonly onOpen: (task: TaskRow, row: number) => void;
  readonly onFocusRow: (row: number) => void;
  readonly onDrag: (task: TaskRow | undefined) => void;
  readonly onOver: () => void;
  readonly onDrop: () => void;
}

function Column(of: ColumnProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: of.tasks.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => of.tasks[index]?.id ?? index,
    estimateSize: () => CARD_PX,
    overscan: OVERSCAN,
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a target for what is dragged; the keyboard has Space and arrows
    <div
      className={classes.column}
      data-over={of.isOver || undefined}
      data-status={of.status}
      onDragOver={(event) => {
        event.preventDefault();
        if (!of.isOver) of.onOver();
      }}
      onDrop={(event) => {
        event.preventDefault();
        of.onDrop();
      }}
    >
      <h2 className={classes.heading}>
        <StatusBadge status={of.status} />
        <span className={classes.count}>{of.tasks.length.toLocaleString("en")}</span>
      </h2>
      <div ref={scroller} className={classes.cards}>
        {of.tasks.length === 0 && <div className={classes.empty}>Nothing here</div>}
        <ul className={classes.list} style={{ height: rows.getTotalSize() }} aria-label={wordsOf(of.status)}>
          {rows.getVirtualItems().map((row) => {
            const task = of.tasks[row.index];
            if (task === undefined) return null;
            return (
              <li
                key={row.key}
                ref={rows.measureElement}
                data-index={row.index}
                className={classes.item}
                style={{ transform: `translateY(${row.start}px)` }}
                aria-setsize={of.tasks.length}
                aria-posinset={row.index + 1}
                onFocus={() => of.focusedRow !== row.index && of.onFocusRow(row.index)}
              >
                <TaskCard
                  task={task}
                  environment={of.environments.get(task.environmentId)}
                  isPending={of.waiting.has(task.id)}
                  isHeld={of.held === task.id}
                  isFocusable={of.focusedRow === row.index}
                  onOpen={() => of.onOpen(task, row.index)}
                  onDrag={(isBegun) => of.onDrag(isBegun ? task : undefined)}
                />
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
