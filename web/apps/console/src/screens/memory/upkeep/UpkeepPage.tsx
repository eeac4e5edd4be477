import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "../../../ui/Page";
import type { UpkeepSearch } from "../search";
import { MemoryTabs } from "../ui/MemoryTabs";
import { NamespaceInput } from "../ui/NamespaceInput";
import { ArchivePanel } from "./ArchivePanel";
import { Jobs } from "./Jobs";
import { Optimise } from "./Optimise";
import { Proposals } from "./Proposals";

/** What becomes of memories over time: optimised, merged, archived. Nothing is lost by any of it. */
export function UpkeepPage() {
  const search = useSearch({ from: "/memory/upkeep" });
  const navigate = useNavigate({ from: "/memory/upkeep" });
  const change = (changes: UpkeepSearch) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const namespace = search.namespace ?? "";
  return (
    <Page
      title="Upkeep of memory"
      description="Merge, archive, cluster and summarise. Each shows first what it would do, and nothing is lost by it."
      below={<MemoryTabs namespace={namespace} />}
      actions={
        <NamespaceInput
          size="xs"
          w={240}
          aria-label="Namespace"
          placeholder="Choose a namespace"
          clearable
          value={namespace}
          onChange={(next) => change({ namespace: next || undefined, job: undefined })}
        />
      }
    >
      <SegmentedControl
        size="xs"
        mb="md"
        aria-label="Kinds of upkeep"
        value={search.tab ?? "optimise"}
        onChange={(tab) =>
          change({ tab: tab === "optimise" ? undefined : (tab as UpkeepSearch["tab"]), job: undefined })
        }
        data={[
          { value: "optimise", label: "Optimise" },
          { value: "proposals", label: "Proposals" },
          { value: "archive", label: "Archive" },
          { value: "jobs", label: "Jobs" },
        ]}
      />
      {search.tab === undefined && (
        <Optimise key={namespace} namespace={namespace} jobId={search.job} onJob={(job) => change({ job })} />
      )}
      {search.tab === "proposals" && <Proposals namespace={namespace} />}
      {search.tab === "archive" && <ArchivePanel key={namespace} namespace={namespace} />}
      {search.tab === "jobs" && (
        <Jobs
          namespace={namespace}
          onOpen={(job) => change({ tab: undefined, namespace: job.namespace, job: job.id })}
        />
      )}
    </Page>
  );
}
