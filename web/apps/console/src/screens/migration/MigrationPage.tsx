import { Alert, Anchor, Group, Progress, Stack, Stepper, Tabs, Text } from "@mantine/core";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { Migration, Schemas } from "@timeloom/client";
import { useMigration } from "@timeloom/client/react";
import { CircleAlert } from "lucide-react";
import { useState } from "react";
import { formatShare } from "../../ui/format";
import { Page } from "../../ui/Page";
import { StatusBadge } from "../../ui/StatusBadge";
import { ErrorState, LoadingState } from "../../ui/states";
import { Conflicts } from "./Conflicts";
import { MigrationActions } from "./MigrationActions";
import { PlanItems } from "./PlanItems";
import type { MigrationSearch, Tab } from "./search";
import { Verification } from "./Verification";
import { ACTIVE, MEANINGS, reached, STEPS } from "./words";

/** Where the live stream says nothing of progress, it is asked for so often. */
const POLL_MS = 1_000;

/** One migration: its plan, its conflicts, how it gets on, and what can be done. */
export function MigrationPage() {
  const { migrationId } = useParams({ from: "/migrations/$migrationId" });
  const [isActive, setActive] = useState(true);
  const handle = useMigration(migrationId, { refetchInterval: isActive ? POLL_MS : false });
  const { data: migration, error, isError, refetch } = handle.migration;
  const [verification, setVerification] = useState<Schemas["Verification"]>();
  if (migration !== undefined && isActive !== ACTIVE.has(migration.status)) setActive(!isActive);
  if (isError) return <Failed error={error} onRetry={() => void refetch()} />;
  if (migration === undefined) {
    return (
      <Page title="Migration">
        <LoadingState />
      </Page>
    );
  }
  return (
    <Page
      title={`Migration from ${migration.source?.app || migration.source?.origin || "an export"}`}
      beside={<StatusBadge status={migration.status} />}
      description={<Where migration={migration} />}
      actions={<MigrationActions migration={migration} handle={handle} onVerified={setVerification} />}
    >
      <Stack gap="lg">
        <Course migration={migration} />
        <Details migration={migration} verification={verification} />
      </Stack>
    </Page>
  );
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <Page title="Migration">
      <ErrorState error={error} onRetry={onRetry} />
    </Page>
  );
}

function Where({ migration: { source } }: { migration: Migration }) {
  return (
    <>
      {source?.origin}
      {source?.userId && ` · for ${source.userId}`} ·{" "}
      <Anchor component={Link} to="/migrations" size="sm">
        All migrations
      </Anchor>
    </>
  );
}

/** How far it has come. */
function Course({ migration }: { migration: Migration }) {
  return (
    <Stack gap="sm">
      <Stepper active={reached(migration.status)} size="xs" iconSize={26} allowNextStepsSelect={false}>
        {STEPS.map((label) => (
          <Stepper.Step key={label} label={label} />
        ))}
      </Stepper>
      <Group gap="sm" wrap="nowrap">
        <Progress
          flex={1}
          value={migration.progress * 100}
          animated={ACTIVE.has(migration.status)}
          color={migration.status === "FAILED" ? "red" : "copper"}
          aria-label="Progress"
        />
        <Text size="sm" className="mono">
          {formatShare(migration.progress)}
        </Text>
      </Group>
      <Text size="sm" c="dimmed" role="status">
        {MEANINGS[migration.status]}
      </Text>
      {migration.error !== "" && (
        <Alert role="alert" color="red" variant="light" icon={<CircleAlert size={18} aria-hidden />}>
          {migration.error}
        </Alert>
      )}
    </Stack>
  );
}

function Details(of: { migration: Migration; verification: Schemas["Verification"] | undefined }) {
  const { migration, verification } = of;
  const search = useSearch({ from: "/migrations/$migrationId" });
  const navigate = useNavigate({ from: "/migrations/$migrationId" });
  const go = (change: MigrationSearch) => void navigate({ search: change, replace: true });
  const tab = search.tab ?? (migration.openConflictCount > 0 ? "conflicts" : "plan");
  return (
    <Tabs value={tab} onChange={(next) => go({ tab: next as Tab })} keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="plan">Plan</Tabs.Tab>
        <Tabs.Tab value="conflicts">
          Conflicts{migration.openConflictCount > 0 && ` (${migration.openConflictCount} open)`}
        </Tabs.Tab>
        {verification !== undefined && <Tabs.Tab value="verification">Verification</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="plan" pt="md">
        <PlanItems migration={migration} search={search} onSearch={go} />
      </Tabs.Panel>
      <Tabs.Panel value="conflicts" pt="md">
        <Conflicts migration={migration} />
      </Tabs.Panel>
      {verification !== undefined && (
        <Tabs.Panel value="verification" pt="md">
          <Verification verification={verification} />
        </Tabs.Panel>
      )}
    </Tabs>
  );
}
