import type { TaskRow } from "@timeloom/client/collections";
import type { TasksSearch } from "./routes";
import { PRIORITIES, STATUSES, type Status } from "./words";

/** The tasks of each column, in the order in which they stand there. */
export type Board = ReadonlyMap<Status, readonly TaskRow[]>;

/** Sorts tasks into columns: of those that a search shows, the most urgent first, then what was changed last. */
export function boardOf(tasks: readonly TaskRow[], search: TasksSearch): Board {
  const isShown = filterOf(search);
  const shown = tasks.filter(isShown).sort(byUrgency);
  const board = new Map<Status, TaskRow[]>(STATUSES.map((status) => [status, []]));
  for (const task of shown) board.get(task.status as Status)?.push(task);
  return board;
}

/** Whether a task is one of those that a search shows: each of its words occurs in the task. */
export function filterOf(search: TasksSearch): (task: TaskRow) => boolean {
  const words = (search.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return (task) => {
    if (task.archived !== (search.archived ?? false)) return false;
    if (search.priority !== undefined && task.priority !== search.priority) return false;
    if (search.environment !== undefined && task.environmentId !== search.environment) return false;
    if (search.tag !== undefined && !task.tags.includes(search.tag)) return false;
    const text = [task.title, task.description, task.repository, task.branch, ...task.tags]
      .join("\n")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

function byUrgency(one: TaskRow, other: TaskRow): number {
  const urgency = rankOf(one) - rankOf(other);
  if (urgency !== 0) return urgency;
  return (other.updateTime ?? "").localeCompare(one.updateTime ?? "") || one.id.localeCompare(other.id);
}

function rankOf({ priority }: TaskRow): number {
  const rank = (PRIORITIES as readonly string[]).indexOf(priority);
  return rank < 0 ? PRIORITIES.length : rank;
}

/** A card's place on the board. */
export interface Place {
  readonly column: number;
  readonly row: number;
}

/** Where an arrow key leads from a card: up and down in its column, or to the next column that has one. */
export function placeAfter(key: string, from: Place, counts: readonly number[]): Place | undefined {
  if (key === "ArrowUp" || key === "ArrowDown") {
    const row = from.row + (key === "ArrowDown" ? 1 : -1);
    return row >= 0 && row < (counts[from.column] ?? 0) ? { column: from.column, row } : undefined;
  }
  if (key !== "ArrowLeft" && key !== "ArrowRight") return undefined;
  const step = key === "ArrowRight" ? 1 : -1;
  for (let column = from.column + step; column >= 0 && column < counts.length; column += step) {
    const count = counts[column] ?? 0;
    if (count > 0) return { column, row: Math.min(from.row, count - 1) };
  }
  return undefined;
}

/** The column that an arrow key leads to while a card is held. */
export function columnAfter(key: string, from: Status): Status {
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  return STATUSES[STATUSES.indexOf(from) + step] ?? from;
}
