import {
  Alert,
  Button,
  Group,
  List,
  Paper,
  Progress,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTimeloom } from "@timeloom/client/react";
import { CircleAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { formatBytes, formatCount } from "../../ui/format";
import { Problem } from "../../ui/Problem";
import type { ExportSummary } from "./export";
import { KeyTable } from "./KeyTable";
import type { ExportSourceControl } from "./NewMigrationPage";
import type { UploadOptions } from "./useExport";

const RESOLUTIONS = [
  { value: "SKIP", label: "What is there stays" },
  { value: "MERGE", label: "Merge field by field, the newer wins" },
  { value: "OVERWRITE", label: "The migrated one takes its place" },
  { value: "RENAME", label: "Both stay, under other names" },
  { value: "ASK", label: "Ask me for each" },
];
const SECRETS = [
  { value: "SEAL", label: "Seal them on arrival" },
  { value: "DROP", label: "Leave them out" },
  { value: "REFUSE", label: "Refuse what contains one" },
];

/** What an export has, what is wrong with it, and how it is to be migrated. */
export function ExportReview({ source, summary }: { source: ExportSourceControl; summary: ExportSummary }) {
  const bytes = summary.keys.reduce((sum, each) => sum + each.bytes, 0);
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2}>
          {formatCount(summary.recordCount)} {summary.recordCount === 1 ? "record" : "records"},{" "}
          {formatBytes(bytes)}
        </Title>
        <Button variant="subtle" onClick={source.reset}>
          Choose another
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {[summary.source.app, summary.source.origin].filter(Boolean).join(" · ") ||
          "The export names no source."}
      </Text>
      {summary.problems.length > 0 ? (
        <Damage summary={summary} />
      ) : (
        <UploadForm source={source} summary={summary} />
      )}
      <KeyTable keys={summary.keys} />
    </Stack>
  );
}

function Damage({ summary }: { summary: ExportSummary }) {
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<CircleAlert size={18} aria-hidden />}
      title="This export is damaged"
    >
      <Text size="sm">It is not uploaded: what changed on its way cannot be trusted. Export it again.</Text>
      <List size="sm" mt="xs">
        {summary.problems.map((each) => (
          <List.Item key={`${each.place} ${each.reason}`}>
            <span className="mono">{each.place}</span> {each.reason}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

function UploadForm({ source, summary }: { source: ExportSourceControl; summary: ExportSummary }) {
  const { rest } = useTimeloom();
  const navigate = useNavigate();
  const [options, setOptions] = useState<UploadOptions>({
    userId: summary.source.userId,
    conflictResolution: "SKIP",
    secretPolicy: "SEAL",
  });
  const [share, setShare] = useState(0);
  const upload = useMutation({
    mutationFn: async () => {
      const migration = await source.upload(rest, summary, options, setShare);
      const path = { migrationId: migration.id };
      await rest.POST("/api/migration/{migrationId}/plan", { params: { path }, body: {} });
      return migration;
    },
    onSuccess: ({ id }) => navigate({ to: "/migrations/$migrationId", params: { migrationId: id } }),
  });
  return (
    <Paper p="md">
      <Stack>
        <Group gap={6} c="var(--tl-good)">
          <ShieldCheck size={16} aria-hidden />
          <Text size="sm">Every record has the hash that it was exported with.</Text>
        </Group>
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <Select
            label="What is there already"
            data={RESOLUTIONS}
            allowDeselect={false}
            value={options.conflictResolution}
            onChange={(value) =>
              setOptions({ ...options, conflictResolution: value as UploadOptions["conflictResolution"] })
            }
          />
          <Select
            label="Secrets in clear"
            data={SECRETS}
            allowDeselect={false}
            value={options.secretPolicy}
            onChange={(value) =>
              setOptions({ ...options, secretPolicy: value as UploadOptions["secretPolicy"] })
            }
          />
          <TextInput
            label="Whose data it is"
            placeholder="Nobody's in particular"
            value={options.userId}
            onChange={(event) => setOptions({ ...options, userId: event.currentTarget.value })}
          />
        </SimpleGrid>
        {upload.isError && <Problem error={upload.error} />}
        {upload.isPending && <Progress value={share * 100} animated aria-label="Upload" />}
        <Group>
          <Button onClick={() => upload.mutate()} loading={upload.isPending}>
            Upload and plan
          </Button>
          <Text size="sm" c="dimmed">
            The plan changes nothing.
          </Text>
        </Group>
      </Stack>
    </Paper>
  );
}
