import { type Collections, KeptRows, openCollections } from "@timeloom/client/collections";
import { type OfflineQueue, useOfflineQueue } from "@timeloom/client/offline";
import { timeloom } from "../../app/connection";
import { useSignedIn } from "../../app/SessionGate";

// Rows and what waits for them are the same on every screen of the workspace.
const opened = new WeakMap<OfflineQueue, Collections>();

/** The workspace's rows, which can be changed without a network; null while the queue is being opened. */
export function useWorkspace(): Collections | null {
  const { projectId } = useSignedIn();
  const { queue } = useOfflineQueue();
  if (queue === null) return null;
  const found = opened.get(queue) ?? openCollections({ timeloom, queue, kept: new KeptRows(projectId) });
  opened.set(queue, found);
  return found;
}

/** Whether the session may change anything. */
export function useMayWrite(): boolean {
  return useSignedIn().scope !== "READ";
}
