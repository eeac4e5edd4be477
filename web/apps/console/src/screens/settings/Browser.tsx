import { Button, Group, SegmentedControl, Skeleton, Text, Title, useMantineColorScheme } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useOfflineQueue } from "@timeloom/client/offline";
import type { HealthReport, PartHealth } from "@timeloom/wasm";
import { formatDuration, wordsOf } from "../../ui/format";
import { ErrorState } from "../../ui/states";
import classes from "./Settings.module.css";
import { Sign } from "./Sign";

const SCHEMES = [
  { value: "auto", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];
const PARTS = { search: "Vector search", store: "Local store", compute: "Counting" } as const;
const FEATURES = [
  ["simd", "WebAssembly with SIMD"],
  ["workers", "Workers"],
  ["opfs", "Private file system"],
  ["indexeddb", "IndexedDB"],
  ["tabs", "Locks between tabs"],
] as const;

/** What this browser does by itself: its colours, its kernels, and what waits to be sent. */
export function Browser() {
  return (
    <div className={classes.columns}>
      <Kernels />
      <Sync />
      <Colours />
    </div>
  );
}

function Colours() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <section className={classes.card} aria-label="Colours">
      <Title order={2} mb="sm">
        Colours
      </Title>
      <SegmentedControl
        aria-label="Colours"
        data={SCHEMES}
        value={colorScheme}
        onChange={(value) => setColorScheme(value as typeof colorScheme)}
      />
    </section>
  );
}

function Kernels() {
  const health = useQuery<HealthReport>({
    queryKey: ["wasm-health"],
    queryFn: async () => (await import("@timeloom/wasm")).healthCheck(),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <section className={classes.card} aria-label="WebAssembly">
      <Group justify="space-between" mb={4}>
        <Title order={2}>WebAssembly</Title>
        <Button
          size="compact-sm"
          variant="default"
          loading={health.isFetching}
          onClick={() => void health.refetch()}
        >
          Try again
        </Button>
      </Group>
      <Text size="sm" c="dimmed" mb="sm">
        Search, a store and counting work in this page. Each part is tried for real; what is missing has
        something that stands in for it.
      </Text>
      {health.isError ? (
        <ErrorState error={health.error} />
      ) : health.data === undefined ? (
        <Skeleton height={150} role="status" aria-label="Trying the parts" />
      ) : (
        <dl className={classes.facts} aria-live="polite">
          {health.data.parts.map((part) => (
            <Part key={part.part} of={part} />
          ))}
          <dt>This browser has</dt>
          <dd>
            {FEATURES.map(([name, label]) => (
              <div key={name}>
                <Sign tone={health.data.features[name] ? "good" : "warn"}>
                  {label}
                  {!health.data.features[name] && ", not here"}
                </Sign>
              </div>
            ))}
          </dd>
        </dl>
      )}
    </section>
  );
}

function Part({ of }: { of: PartHealth }) {
  const times = `ready in ${formatDuration(of.startMs)}, worked ${formatDuration(of.workMs)}`;
  return (
    <>
      <dt>{PARTS[of.part]}</dt>
      <dd>
        <Sign tone={of.isHealthy ? "good" : "bad"}>{of.isHealthy ? wordsOf(of.engine) : of.problem}</Sign>
        {of.isHealthy && (
          <Text size="xs" c="dimmed">
            {times}
          </Text>
        )}
      </dd>
    </>
  );
}

function Sync() {
  const { online } = useNetwork();
  const { pending, failed, conflicts, status, queue, flush } = useOfflineQueue();
  const needs = failed.length + conflicts.length;
  return (
    <section className={classes.card} aria-label="Sync">
      <Title order={2}>Sync</Title>
      <Text size="sm" c="dimmed" mb="sm">
        Changes that are made without a network wait here, in order, and are sent once.
      </Text>
      <dl className={classes.facts} aria-live="polite">
        <dt>Network</dt>
        <dd>
          <Sign tone={online ? "good" : "warn"}>{online ? "There" : "Not there"}</Sign>
        </dd>
        <dt>Queue</dt>
        <dd>{queue === null ? "Opening" : wordsOf(status)}</dd>
        <dt>Waiting</dt>
        <dd>{pending.length}</dd>
        <dt>Needs you</dt>
        <dd>{needs === 0 ? "Nothing" : <Sign tone="bad">{needs}</Sign>}</dd>
      </dl>
      <Group justify="flex-end" mt="sm">
        <Button
          size="compact-sm"
          variant="default"
          disabled={!online || pending.length === 0}
          onClick={() => void flush()}
        >
          Send now
        </Button>
      </Group>
    </section>
  );
}
