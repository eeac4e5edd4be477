import { Button, Group, Input, Slider, Stack, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useApi, useMemoryControls } from "@timeloom/client/react";
import { useState } from "react";
import { useSignedIn } from "../../../app/SessionGate";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { formatCount } from "../../../ui/format";
import { Problem } from "../../../ui/Problem";
import { EmptyState } from "../../../ui/states";
import { fromLocalTime } from "../lib/times";
import { tell } from "../ui/notes";
import { reread } from "../ui/reread";
import { ArchivedList } from "./ArchivedList";
import { MemoryLines } from "./MemoryLines";
import classes from "./Upkeep.module.css";

/** Puts away what fits a rule, after showing what that is, and takes things out again. */
export function ArchivePanel({ namespace }: { namespace: string }) {
  const mayWrite = useSignedIn().scope !== "READ";
  const queries = useQueryClient();
  const { archive } = useMemoryControls();
  const preview = useApi().useMutation("post", "/api/agent-memory/archive");
  const [retention, setRetention] = useState(0);
  const [before, setBefore] = useState("");
  const [tags, setTags] = useState<string[]>([]);
  const [isAsked, setAsked] = useState(false);
  const occurBefore = fromLocalTime(before);
  const rule = {
    ...(namespace !== "" && { namespaces: [namespace] }),
    filter: { ...(tags.length > 0 && { tags }), ...(occurBefore !== undefined && { occurBefore }) },
    retentionBelow: retention,
  };
  const hasRule = retention > 0 || tags.length > 0 || occurBefore !== undefined;
  const changed = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      set(value);
      preview.reset();
    };
  };
  const ids = preview.data?.memoryIds;
  return (
    <div className={classes.panes}>
      <Stack gap="md" className={classes.box} component="section" aria-label="What to archive">
        <Title order={2}>Put away</Title>
        <Input.Wrapper
          label={
            retention === 0 ? "However likely to be recalled" : `Less likely to be recalled than ${retention}`
          }
          labelElement="div"
          description="What decay has left of it: 0 does not ask."
        >
          <Slider
            mt={8}
            min={0}
            max={1}
            step={0.05}
            label={null}
            thumbLabel="Likelihood of recall"
            value={retention}
            onChange={changed(setRetention)}
          />
        </Input.Wrapper>
        <TextInput
          type="datetime-local"
          label="Happened before"
          value={before}
          onChange={(event) => changed(setBefore)(event.currentTarget.value)}
        />
        <TagsInput label="All of these tags" value={tags} onChange={changed(setTags)} />
        {preview.error && <Problem error={preview.error} />}
        <Button
          variant="default"
          disabled={!hasRule || !mayWrite}
          loading={preview.isPending}
          onClick={() => preview.mutate({ body: { ...rule, dryRun: true } })}
        >
          Show what that is
        </Button>
        <Text size="xs" c="dimmed">
          What is archived stays, and is found only when asked for.
        </Text>
      </Stack>
      <Stack gap="lg">
        {ids !== undefined && (
          <section aria-label="What would be archived">
            <Group justify="space-between">
              <Title order={2}>{formatCount(ids.length)} memories would be put away</Title>
              {ids.length > 0 && (
                <Button size="xs" onClick={() => setAsked(true)}>
                  Archive them
                </Button>
              )}
            </Group>
            <MemoryLines ids={ids} />
          </section>
        )}
        {namespace === "" ? (
          <EmptyState
            title="Choose a namespace to see its archive"
            text="A rule without a namespace holds for all of them."
          />
        ) : (
          <ArchivedList namespace={namespace} mayWrite={mayWrite} />
        )}
      </Stack>
      <ConfirmDialog
        isOpen={isAsked}
        onClose={() => setAsked(false)}
        title={`Archive ${formatCount(ids?.length ?? 0)} memories?`}
        action="Archive"
        isDestructive={false}
        asksReason
        onConfirm={async (reason) => {
          const { memoryIds } = await archive.mutateAsync({ ...rule, reason });
          preview.reset();
          await reread(queries);
          tell(`${formatCount(memoryIds.length)} memories were put away.`);
        }}
      >
        <Text size="sm">They stay, and can be taken out again below.</Text>
      </ConfirmDialog>
    </div>
  );
}
