import { Button, Drawer, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { Memory, MemoryMatch } from "@timeloom/client";
import { useNamespaces } from "@timeloom/client/react";
import { Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { offerCommands } from "../../../app/commands";
import { useSignedIn } from "../../../app/SessionGate";
import { useShortcut } from "../../../app/shortcuts";
import { formatCount } from "../../../ui/format";
import { Page } from "../../../ui/Page";
import { namespacesOf, useIsOffline, useKeeping, useKeptIn } from "../local/useLocal";
import { MemoryTabs } from "../ui/MemoryTabs";
import { NamespaceInput } from "../ui/NamespaceInput";
import { FilterBar } from "./FilterBar";
import { MemoryDetail } from "./MemoryDetail";
import { MemoryForm } from "./MemoryForm";
import classes from "./MemoryPage.module.css";
import { NamespaceTree } from "./NamespaceTree";
import { FoundPane, KeptPane, ListPane } from "./panes";
import { useBrowse } from "./useBrowse";

const NAMESPACES_READ = 1_000;
const NARROW = "(max-width: 62em)";

/** What agents remember: by namespace, by search, and one by one. */
export function MemoryPage() {
  const { search, change } = useBrowse();
  const namespace = search.namespace ?? "";
  const namespaces = useNamespaces({ pageSize: NAMESPACES_READ });
  const isOffline = useIsOffline(namespaces.error);
  const local = useKeptIn(namespace, isOffline);
  const keptCount = useKeeping(namespace, !isOffline);
  const [isCreating, setCreating] = useState(false);
  const [matches, setMatches] = useState<readonly MemoryMatch[]>([]);
  const mayWrite = useSignedIn().scope !== "READ" && !isOffline;
  useShortcut({ keys: "n", label: "New memory", group: "This screen" }, () => setCreating(true), {
    enabled: mayWrite,
  });
  useEffect(
    () =>
      mayWrite
        ? offerCommands([{ id: "new memory", label: "New memory", onClick: () => setCreating(true) }])
        : undefined,
    [mayWrite],
  );
  const open = (memory: Memory) => change({ memory: memory.id }, { replace: search.memory !== undefined });
  const isNarrow = useMediaQuery(NARROW) ?? false;
  const opened = search.memory;
  const detail = opened !== undefined && (
    <MemoryDetail
      key={opened}
      memoryId={opened}
      tab={search.tab ?? (search.q === undefined ? "content" : "score")}
      onTab={(tab) => change({ tab })}
      onOpen={(memoryId) => change({ memory: memoryId, tab: undefined })}
      onClose={() => change({ memory: undefined, tab: undefined })}
      match={search.q === undefined ? undefined : matches.find((each) => each.memory?.id === opened)}
      kept={local.all.find(({ memory }) => memory.id === opened)?.memory}
      isOffline={isOffline}
    />
  );
  const known = isOffline ? namespacesOf(local.all) : (namespaces.data ?? []);
  const select = (next: string) => change({ namespace: next || undefined, memory: undefined });
  return (
    <Page
      title="Memory"
      isFilling
      below={<MemoryTabs namespace={namespace} />}
      actions={
        mayWrite && (
          <Button size="xs" leftSection={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)}>
            New memory
          </Button>
        )
      }
    >
      <div className={classes.panes}>
        {!isNarrow && (
          <div className={classes.side}>
            <NamespaceTree namespaces={known} selected={namespace} onSelect={select} />
            {keptCount !== undefined && (
              <Text size="xs" c="dimmed" mt="md" px={6}>
                The newest {formatCount(keptCount)} of these can be read and searched here without a network.
              </Text>
            )}
          </div>
        )}
        <div className={classes.main}>
          {isNarrow && (
            <NamespaceInput
              size="xs"
              aria-label="Namespace"
              placeholder="All namespaces"
              clearable
              value={namespace}
              onChange={select}
            />
          )}
          <FilterBar isOffline={isOffline} />
          {isOffline ? (
            <KeptPane local={local} query={search.q} opened={opened} onOpen={open} />
          ) : search.q === undefined ? (
            <ListPane opened={opened} onOpen={open} onCreate={() => setCreating(true)} />
          ) : (
            <FoundPane opened={opened} onOpen={open} onFound={setMatches} />
          )}
        </div>
        {!isNarrow && detail && <aside className={classes.aside}>{detail}</aside>}
      </div>
      <Drawer
        opened={isNarrow && opened !== undefined}
        onClose={() => change({ memory: undefined, tab: undefined })}
        position="right"
        size="100%"
        padding={0}
        withCloseButton={false}
        title="Memory"
        styles={{ header: { display: "none" }, body: { height: "100%" } }}
      >
        {isNarrow && detail}
      </Drawer>
      {isCreating && (
        <MemoryForm
          mode="create"
          namespace={namespace}
          onClose={() => setCreating(false)}
          onDone={(made) => change({ memory: made.id, q: undefined, tab: undefined })}
        />
      )}
    </Page>
  );
}
