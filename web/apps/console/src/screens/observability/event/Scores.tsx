import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Skeleton,
  Stack,
  Text,
  Textarea,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import type { Score, TelemetryEvent, TimeloomError } from "@timeloom/client";
import { invalidatePaths, useApi, useScores } from "@timeloom/client/react";
import { Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { wordsOf } from "../../../ui/format";
import { ErrorState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import classes from "./EventDetail.module.css";

const SCORES = "/api/observability/scores";
const TRACES = "/api/observability/traces";

/** How good a span or its trace was, as people and programs judged it, and the way to judge it. */
export function Scores({ event }: { event: TelemetryEvent }) {
  const scores = useScores({ traceId: event.traceId });
  const own = scores.data?.filter((each) => each.spanId === event.spanId || each.spanId === "") ?? [];
  if (scores.isError) return <ErrorState error={scores.error} onRetry={() => void scores.refetch()} />;
  return (
    <Stack gap="sm" mt="sm">
      {scores.isPending && <Skeleton height={60} />}
      <div>
        {own.map((each) => (
          <ScoreLine key={each.id} score={each} />
        ))}
        {own.length === 0 && !scores.isPending && (
          <Text size="sm" c="dimmed">
            Nobody has judged it yet.
          </Text>
        )}
      </div>
      <ScoreForm event={event} />
    </Stack>
  );
}

function useScored() {
  const queries = useQueryClient();
  return () => invalidatePaths(queries, [SCORES, TRACES]);
}

function ScoreLine({ score }: { score: Score }) {
  const scored = useScored();
  const remove = useApi().useMutation("delete", "/api/observability/scores/{scoreId}", {
    onSuccess: scored,
    onError: (error) =>
      notifications.show({ color: "red", title: "The score is still there", message: error.message }),
  });
  return (
    <div className={classes.score}>
      <span>{score.name}</span>
      <span className={classes.scoreValue}>
        {[score.value, score.label].filter((each) => each !== undefined && each !== "").join(" ")}
      </span>
      {score.comment !== "" && <Text size="sm">{score.comment}</Text>}
      <span className={classes.scoreEnd}>
        <Text size="xs" c="dimmed">
          {score.spanId === "" ? "Trace" : "Span"}, {score.authorId || wordsOf(score.source)}
        </Text>
        {score.createTime && <TimeAgo time={score.createTime} size="xs" />}
        {score.source !== "TELEMETRY" && (
          <Tooltip label="Take it back">
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={`Take back the score ${score.name}`}
              loading={remove.isPending}
              onClick={() => remove.mutate({ params: { path: { scoreId: score.id } } })}
            >
              <Trash2 size={14} />
            </ActionIcon>
          </Tooltip>
        )}
      </span>
    </div>
  );
}

function ScoreForm({ event }: { event: TelemetryEvent }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState<number | string>("");
  const [label, setLabel] = useState("");
  const [comment, setComment] = useState("");
  const scored = useScored();
  const create = useApi().useMutation("post", SCORES, {
    onSuccess: async () => {
      setValue("");
      setLabel("");
      setComment("");
      await scored();
    },
  });
  const refused = create.error as TimeloomError | null;
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault();
    const { traceId, spanId } = event;
    const judged = { name: name.trim(), label: label.trim(), comment: comment.trim(), traceId, spanId };
    create.mutate({ body: { ...judged, ...(typeof value === "number" && { value }) } });
  };
  const hasJudgement = typeof value === "number" || label.trim() !== "";
  const named = ["name", "value", "label", "comment"].some((each) => refused?.violation(each));
  return (
    <form onSubmit={submit} aria-label="Judge it">
      <Stack gap="xs">
        <Group gap="xs" grow align="flex-start">
          <TextInput
            size="xs"
            label="What is judged"
            placeholder="helpfulness"
            required
            maxLength={200}
            value={name}
            error={refused?.violation("name")}
            onChange={(change) => setName(change.currentTarget.value)}
          />
          <NumberInput
            size="xs"
            label="Value"
            placeholder="0.9"
            value={value}
            error={refused?.violation("value")}
            onChange={setValue}
          />
          <TextInput
            size="xs"
            label="Label"
            placeholder="good"
            maxLength={200}
            value={label}
            error={refused?.violation("label")}
            onChange={(change) => setLabel(change.currentTarget.value)}
          />
        </Group>
        <Textarea
          size="xs"
          label="Why"
          autosize
          minRows={1}
          maxRows={4}
          maxLength={10_000}
          value={comment}
          error={refused?.violation("comment")}
          onChange={(change) => setComment(change.currentTarget.value)}
        />
        {refused !== null && !named && (
          <Text size="xs" c="var(--tl-bad)" role="alert">
            {refused.message}
          </Text>
        )}
        <Group justify="flex-end">
          <Button
            type="submit"
            size="xs"
            loading={create.isPending}
            disabled={name.trim() === "" || !hasJudgement}
          >
            Add the score
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
