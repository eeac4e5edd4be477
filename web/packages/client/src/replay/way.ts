import type { Snapshot } from "../types.js";

/**
 * The snapshots on the way to the head, oldest first: those that a rollback left behind are not on it, and neither
 * are those that were deleted.
 */
export function wayTo(head: number, snapshots: readonly Snapshot[]): readonly Snapshot[] {
  const way: Snapshot[] = [];
  let wanted = head;
  // Parents have smaller numbers, so one pass from the newest on finds them all. One that was deleted is passed over:
  // of what stands on it, the nearest older one that is there goes on.
  for (let place = snapshots.length - 1; place >= 0; place--) {
    const snapshot = snapshots[place];
    if (snapshot === undefined || snapshot.sequence > wanted) continue;
    way.push(snapshot);
    wanted = snapshot.parentSequence;
  }
  return way.reverse();
}
