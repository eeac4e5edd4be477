import { Badge } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useOfflineQueue } from "@timeloom/client/offline";
import { useApi } from "@timeloom/client/react";
import classes from "./WorkspaceTabs.module.css";

/** How many open conflicts the tab counts. */
const COUNTED_MAX = 100;

/** The screens of the workspace. */
export function WorkspaceTabs() {
  const count = useOpenCount();
  return (
    <nav aria-label="Workspace" className={classes.tabs}>
      <Link to="/workspace/tasks" className={classes.tab} activeOptions={{ includeSearch: false }}>
        Tasks
      </Link>
      <Link to="/workspace/environments" className={classes.tab} activeOptions={{ includeSearch: false }}>
        Environments
      </Link>
      <Link to="/workspace/conflicts" className={classes.tab} activeOptions={{ includeSearch: false }}>
        Conflicts
        {count > 0 && (
          <Badge size="sm" circle={count < 10} color="red" variant="light" c="var(--tl-bad)">
            {count >= COUNTED_MAX ? `${COUNTED_MAX}+` : count}
          </Badge>
        )}
      </Link>
    </nav>
  );
}

/** Open conflicts at the server, and what was refused here. */
function useOpenCount(): number {
  const { failed } = useOfflineQueue();
  const { data } = useApi().useQuery("get", "/api/sync/conflicts", {
    params: { query: { status: "OPEN", pageSize: COUNTED_MAX } },
  });
  return (data?.conflicts.length ?? 0) + failed.length;
}
