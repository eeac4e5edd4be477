import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { csrfToken } from "@timeloom/client";
import { sessionQuery, signOut } from "./session";

/** Ends the session and forgets all that was shown in it. */
export function useSignOut(): () => void {
  const queryClient = useQueryClient();
  return () => {
    signOut(csrfToken()).then(
      () => {
        queryClient.setQueryData(sessionQuery.queryKey, null);
        queryClient.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
      },
      (error: Error) =>
        notifications.show({ color: "red", title: "Signing out failed", message: error.message }),
    );
  };
}
