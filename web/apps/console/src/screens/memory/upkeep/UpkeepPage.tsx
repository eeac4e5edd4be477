import { Tabs } from "@mantine/core";
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
      <Tabs
        value={search.tab ?? "optimise"}
        onChange={(tab) =>
          change({ tab: tab === "optimise" ? undefined : (tab as UpkeepSearch["tab"]), job: undefined })
        }
        keepMounted={false}
        variant="pills"
      >
        <Tabs.List mb="md" aria-label="Kinds of upkeep">
          <Tabs.Tab value="optimise">Optimise</Tabs.Tab>
          <Tabs.Tab value="proposals">Proposals</Tabs.Tab>
          <Tabs.Tab value="archive">Archive</Tabs.Tab>
          <Tabs.Tab value="jobs">Jobs</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="optimise">
          <Optimise
            key={namespace}
            namespace={namespace}
            jobId={search.job}
            onJob={(job) => change({ job })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="proposals">
          <Proposals namespace={namespace} />
        </Tabs.Panel>
        <Tabs.Panel value="archive">
          <ArchivePanel key={namespace} namespace={namespace} />
        </Tabs.Panel>
        <Tabs.Panel value="jobs">
          <Jobs
            namespace={namespace}
            onOpen={(job) => change({ tab: undefined, namespace: job.namespace, job: job.id })}
          />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
