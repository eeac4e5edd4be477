import { Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Memory } from "@timeloom/client";
import type { ReactNode } from "react";
import { formatCount } from "../../../ui/format";
import type { Report } from "./report";
import classes from "./Upkeep.module.css";
import { useMemoriesById } from "./useMemoriesById";

const GROUPS_SHOWN = 30;
const CLUSTERS_SHOWN = 50;

interface PlanProps {
  readonly report: Report;
  readonly isDryRun: boolean;
  readonly actions?: ReactNode;
}

/** A plan, or what became of it, to be read by people. */
export function Plan({ report, isDryRun, actions }: PlanProps) {
  const { duplicates, archive, clusters, summaries } = report;
  const groups = duplicates?.proposals.slice(0, GROUPS_SHOWN) ?? [];
  const named = [...groups.flatMap((each) => each.memoryIds), ...(archive?.memoryIds ?? [])];
  const memories = useMemoriesById(named);
  const would = isDryRun ? "would be" : "were";
  return (
    <Stack gap="lg" component="section" aria-label={isDryRun ? "Plan" : "What was done"}>
      <Group justify="space-between">
        <Title order={2}>{isDryRun ? "What a run would do" : "What was done"}</Title>
        {actions}
      </Group>
      <div className={classes.figures}>
        <Figure
          value={report.examinedCount}
          label={`of ${formatCount(report.memoryCount)} memories looked at`}
        />
        {duplicates && <Figure value={duplicates.proposalCount} label="groups of near-duplicates" />}
        {archive && <Figure value={archive.memoryCount} label={`memories ${would} archived`} />}
        {clusters && <Figure value={clusters.clusterCount} label="clusters" />}
        {summaries && <Figure value={summaries.length} label={`summaries ${would} written`} />}
      </div>
      {groups.length > 0 && (
        <section>
          <Title order={3}>
            Near-duplicates, which {would} {duplicates?.merged ? "merged" : "proposed to be merged"}
          </Title>
          <ul className={classes.list}>
            {groups.map((group) => (
              <li key={group.id} className={classes.group}>
                <Alike ids={group.memoryIds} memories={memories} />
                <Text size="xs" c="dimmed">
                  a likeness of {group.similarity.toFixed(3)}
                </Text>
              </li>
            ))}
          </ul>
        </section>
      )}
      {archive && archive.memoryIds.length > 0 && (
        <section>
          <Title order={3}>Put away, because it has faded</Title>
          <ul className={classes.list}>
            {archive.memoryIds.slice(0, GROUPS_SHOWN).map((id) => (
              <li key={id} className={classes.group}>
                <MemoryLine id={id} memory={memories.get(id)} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {clusters && clusters.clusters.length > 0 && <ClusterTable clusters={clusters} />}
      {summaries && summaries.length > 0 && (
        <section>
          <Title order={3}>Summaries</Title>
          <ul className={classes.list}>
            {summaries.map((each) => (
              <li key={each.clusterId} className={classes.group}>
                <Text size="sm">{each.text}</Text>
                <Text size="xs" c="dimmed">
                  of {each.sourceCount} memories
                </Text>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Stack>
  );
}

function Figure({ value, label }: { value: number; label: string }) {
  return (
    <div className={classes.figure}>
      <div className={classes.value}>{formatCount(value)}</div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
    </div>
  );
}

/** Memories that say the same: the one that stays, and those that go into it. */
export function Alike({ ids, memories }: { ids: readonly string[]; memories: ReadonlyMap<string, Memory> }) {
  return ids.map((id, place) => (
    <div key={id} className={classes.memory}>
      <span className={classes.sign}>{place === 0 ? "stays" : "joins"}</span>
      <MemoryLine id={id} memory={memories.get(id)} />
    </div>
  ));
}

function MemoryLine({ id, memory }: { id: string; memory: Memory | undefined }) {
  return (
    <Link to="/memory" search={{ memory: id }} style={{ color: "inherit" }}>
      <Text span size="sm" lineClamp={2}>
        {memory?.content ?? `…${id.slice(-8)}`}
      </Text>
    </Link>
  );
}

function ClusterTable({ clusters }: { clusters: NonNullable<Report["clusters"]> }) {
  return (
    <section>
      <Title order={3}>Clusters</Title>
      <Text size="xs" c="dimmed">
        {formatCount(clusters.movedCount)} memories change theirs. Silhouette {clusters.silhouette.toFixed(3)}
        ; drawn by lot it would be {clusters.randomSilhouette.toFixed(3)}.
      </Text>
      <ul className={classes.list}>
        {clusters.clusters.slice(0, CLUSTERS_SHOWN).map((each) => (
          <li key={each.id} className={classes.group}>
            <Group justify="space-between" wrap="nowrap">
              <Text size="sm">{each.name}</Text>
              <Text size="sm" c="dimmed">
                {formatCount(each.memoryCount)}
              </Text>
            </Group>
          </li>
        ))}
      </ul>
    </section>
  );
}
