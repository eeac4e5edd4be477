import { Badge } from "@mantine/core";
import { useOfflineQueue } from "@timeloom/client/offline";
import { useApi } from "@timeloom/client/react";
import { Boxes, ListTodo, Merge } from "lucide-react";
import { AreaTabs } from "../../ui/AreaTabs";

/** How many open conflicts the tab counts. */
const COUNTED_MAX = 100;

/** The screens of the workspace. */
export function WorkspaceTabs() {
  const count = useOpenCount();
  const open = count > 0 && (
    <Badge size="sm" circle={count < 10} color="red" variant="light" c="var(--tl-bad)">
      {count >= COUNTED_MAX ? `${COUNTED_MAX}+` : count}
    </Badge>
  );
  return (
    <AreaTabs
      area="Workspace"
      tabs={[
        { to: "/workspace/tasks", label: "Tasks", icon: ListTodo },
        { to: "/workspace/environments", label: "Environments", icon: Boxes },
        { to: "/workspace/conflicts", label: "Conflicts", icon: Merge, beside: open },
      ]}
    />
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
