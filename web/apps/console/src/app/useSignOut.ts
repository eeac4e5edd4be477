import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { csrfToken } from "@timeloom/client";
import { removeDatabase, useOfflineQueue } from "@timeloom/client/offline";
import { forgetAnswers } from "./offline/kept-answers";
import { useSignedIn } from "./SessionGate";
import { sessionQuery, signOut } from "./session";

/** Ends the session and forgets all that was shown and kept in it. */
export function useSignOut(): () => Promise<void> {
  const queryClient = useQueryClient();
  const { projectId } = useSignedIn();
  const { queue } = useOfflineQueue();
  return async () => {
    try {
      await signOut(csrfToken());
    } catch (error) {
      notifications.show({ color: "red", title: "Signing out failed", message: String(error) });
      return;
    }
    queue?.close();
    // The way in is shown first: what is on screen would ask again for what is removed.
    queryClient.setQueryData(sessionQuery.queryKey, null);
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
    queryClient.getMutationCache().clear();
    await Promise.allSettled([forgetAnswers(), removeDatabase(projectId)]);
  };
}
