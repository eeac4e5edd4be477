import { Badge, Group, Text, UnstyledButton } from "@mantine/core";
import type { Effect } from "@timeloom/client";
import { useExecutionSnapshots } from "@timeloom/client/react";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { formatClock, formatCost, formatCount, wordsOf } from "../../../ui/format";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { stepOf } from "../model/steps";
import { usageOf } from "../model/usage";
import { useRecording, useSteps } from "../recording";
import { useSettledSequence } from "../useSettledSequence";
import { JsonBlock } from "./JsonBlock";
import classes from "./Panels.module.css";

/** More effects than this begin closed. */
const OPEN_MAX = 3;
const SHOWN_MAX = 200;
const KINDS: Readonly<Record<Effect["kind"], string>> = {
  UNSPECIFIED: "Effect",
  LLM: "Model",
  TOOL: "Tool",
  CLOCK: "Clock",
  RANDOM: "Random",
  ID: "Id",
  HTTP: "HTTP",
  WRITE: "Write",
  CUSTOM: "Custom",
};

/** What the outside world was asked and answered in the current step. */
export function EffectsPanel() {
  const { executionId } = useRecording();
  const steps = useSteps();
  const sequence = useSettledSequence();
  const step = stepOf(steps, sequence);
  const hasEffects = (step?.effectCount ?? 0) > 0;
  const found = useExecutionSnapshots(
    executionId,
    { afterSequence: sequence - 1, beforeSequence: sequence + 1, includeEffects: true },
    { enabled: hasEffects, staleTime: Number.POSITIVE_INFINITY },
  );
  if (!hasEffects) {
    return (
      <EmptyState
        title="No effects in this step"
        text="What a step asks of models, tools and services is recorded here, with the answers."
      />
    );
  }
  if (found.error !== null) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  const snapshot = found.data?.find((each) => each.sequence === sequence);
  if (snapshot === undefined) return <LoadingState label="Loading the effects" />;
  const { effects } = snapshot;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section className={classes.scroll} aria-label={`Effects of step ${sequence}`} tabIndex={0}>
      {effects.slice(0, SHOWN_MAX).map((effect) => (
        <EffectCard
          key={`${sequence}:${effect.key}`}
          effect={effect}
          isOpenAtFirst={effects.length <= OPEN_MAX}
        />
      ))}
      {effects.length > SHOWN_MAX && (
        <Text size="xs" c="dimmed" p="sm">
          The first {SHOWN_MAX} of {effects.length} effects.
        </Text>
      )}
    </section>
  );
}

function EffectCard({ effect, isOpenAtFirst }: { effect: Effect; isOpenAtFirst: boolean }) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const usage = usageOf(effect.response);
  const Icon = isOpen ? ChevronDown : ChevronRight;
  return (
    <article className={classes.effect}>
      <UnstyledButton w="100%" onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
        <Group gap={6} wrap="nowrap">
          <Icon size={14} aria-hidden />
          <Badge size="sm" radius="sm" variant="default">
            {KINDS[effect.kind]}
          </Badge>
          <Text size="sm" fw={600} truncate flex={1}>
            {effect.name || wordsOf(effect.kind)}
          </Text>
          {effect.createTime && (
            <Text size="xs" c="dimmed" className="mono">
              {formatClock(effect.createTime)}
            </Text>
          )}
        </Group>
      </UnstyledButton>
      {usage && (
        <Text size="xs" c="dimmed" mt={2} pl={20}>
          {[
            usage.inputTokens !== undefined && `${formatCount(usage.inputTokens)} tokens in`,
            usage.outputTokens !== undefined && `${formatCount(usage.outputTokens)} out`,
            usage.cost !== undefined && formatCost(usage.cost),
          ]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      )}
      {isOpen && (
        <>
          {effect.request !== undefined && <JsonBlock label="Question" value={effect.request} />}
          {effect.response !== undefined && <JsonBlock label="Answer" value={effect.response} />}
        </>
      )}
    </article>
  );
}
