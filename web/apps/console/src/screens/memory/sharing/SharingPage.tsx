import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "../../../ui/Page";
import type { SharingSearch } from "../search";
import { MemoryTabs } from "../ui/MemoryTabs";
import { Grants } from "./Grants";
import { Subscriptions } from "./Subscriptions";
import { Teams } from "./Teams";

/** Who may see which memories: grants, teams, and who is told of news. */
export function SharingPage() {
  const search = useSearch({ from: "/memory/sharing" });
  const navigate = useNavigate({ from: "/memory/sharing" });
  const change = (changes: SharingSearch) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page
      title="Sharing of memory"
      description="What lives in agent/… belongs to that agent, what lives in team/… to the team's agents, everything else to the whole project. Grants open more."
      below={<MemoryTabs namespace={search.namespace ?? ""} />}
    >
      <SegmentedControl
        size="xs"
        mb="md"
        aria-label="Ways of sharing"
        value={search.tab ?? "grants"}
        onChange={(tab) => change({ tab: tab === "grants" ? undefined : (tab as SharingSearch["tab"]) })}
        data={[
          { value: "grants", label: "Grants" },
          { value: "teams", label: "Teams" },
          { value: "subscriptions", label: "Subscriptions" },
        ]}
      />
      {search.tab === undefined && <Grants namespace={search.namespace ?? ""} />}
      {search.tab === "teams" && <Teams />}
      {search.tab === "subscriptions" && <Subscriptions />}
    </Page>
  );
}
