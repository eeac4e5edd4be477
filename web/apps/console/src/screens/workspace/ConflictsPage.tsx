import { SegmentedControl } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { Page } from "../../ui/Page";
import { ConflictList } from "./ConflictList";
import { RejectedList } from "./RejectedList";
import { WorkspaceTabs } from "./WorkspaceTabs";

const route = getRouteApi("/workspace/conflicts");

/** What could not be applied as it was meant, and what to do about it. */
export function ConflictsPage() {
  const { show = "open" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Conflicts" below={<WorkspaceTabs />}>
      <SegmentedControl
        size="xs"
        mb="md"
        aria-label="Which changes"
        value={show}
        onChange={(next) =>
          void navigate({ search: next === "rejected" || next === "decided" ? { show: next } : {} })
        }
        data={[
          { value: "open", label: "To decide" },
          { value: "rejected", label: "Rejected" },
          { value: "decided", label: "Decided" },
        ]}
      />
      {show === "rejected" ? (
        <RejectedList />
      ) : (
        <ConflictList status={show === "open" ? "OPEN" : "RESOLVED"} />
      )}
    </Page>
  );
}
