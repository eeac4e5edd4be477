import { Badge, Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { WorkflowTemplate } from "@timeloom/client";
import { useWorkflowTemplates } from "@timeloom/client/react";
import { useState } from "react";
import { Page } from "../../../ui/Page";
import { SearchInput } from "../../../ui/SearchInput";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { ButtonLink } from "../ButtonLink";
import { WorkflowsTabs } from "../WorkflowsTabs";

/** Definitions to begin with. */
export function TemplatesPage() {
  const templates = useWorkflowTemplates();
  const [words, setWords] = useState("");
  const found = (templates.data ?? []).filter((each) =>
    `${each.title} ${each.description} ${each.tags.join(" ")}`.toLowerCase().includes(words.toLowerCase()),
  );
  return (
    <Page
      title="Templates"
      description="Definitions that run as they are. One opens in the designer, and is yours when you save it."
      below={
        <>
          <WorkflowsTabs />
          <SearchInput label="Search templates" value={words} onChange={setWords} w={280} />
        </>
      }
    >
      {templates.isPending ? (
        <LoadingState label="Loading templates" />
      ) : templates.isError ? (
        <ErrorState error={templates.error} onRetry={() => void templates.refetch()} />
      ) : found.length === 0 ? (
        <EmptyState title="No template has these words" />
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {found.map((each) => (
            <TemplateCard key={each.id} template={each} />
          ))}
        </SimpleGrid>
      )}
    </Page>
  );
}

function TemplateCard({ template }: { template: WorkflowTemplate }) {
  return (
    <Paper component="article" p="md" radius="md" bg="var(--tl-raised)">
      <Stack gap="xs" h="100%">
        <Title order={2} size="h3">
          {template.title}
        </Title>
        <Text size="sm" c="dimmed" style={{ flex: 1 }}>
          {template.description}
        </Text>
        <Group justify="space-between">
          <Group gap={4}>
            {template.tags.map((tag) => (
              <Badge key={tag} variant="default" size="sm" tt="none">
                {tag}
              </Badge>
            ))}
          </Group>
          <ButtonLink
            to="/workflows/new"
            search={{ template: template.id }}
            size="compact-sm"
            variant="default"
            aria-label={`Use ${template.title}`}
          >
            Use
          </ButtonLink>
        </Group>
      </Stack>
    </Paper>
  );
}
