import { Group, Progress, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { MemoryMatch } from "@timeloom/client";
import { CopyButton } from "../../../ui/CopyButton";
import { partsOf } from "../lib/score";
import { ScoreBar } from "../ui/ScoreBar";
import classes from "./ContextPage.module.css";
import { leftOutOf } from "./leftOut";

/** So many of those that were left out are listed. */
const SHOWN_MAX = 20;

interface ContextAnswerProps {
  readonly context: {
    readonly text: string;
    readonly results: readonly MemoryMatch[];
    readonly tokenCount: number;
    readonly tokenizer: string;
  };
  /** What a search for the same found. */
  readonly found: readonly MemoryMatch[];
  readonly tokens: number;
}

/** A context, the memories that it has, and those that it has not. */
export function ContextAnswer({ context, found, tokens }: ContextAnswerProps) {
  const { text, results, tokenCount, tokenizer } = context;
  const leftOut = leftOutOf(found, results);
  const scale = Math.max(...found.map((each) => each.score), ...results.map((each) => each.score), 1e-9);
  return (
    <>
      <Stack gap="sm" component="section" aria-label="Context">
        <Group justify="space-between">
          <Title order={2}>Text</Title>
          <CopyButton value={text} label="Copy the text" />
        </Group>
        <div>
          <Progress value={(100 * tokenCount) / tokens} size={8} aria-label="Tokens used" />
          <Text size="xs" c="dimmed" mt={4} role="status">
            {tokenCount} of {tokens} tokens, counted by {tokenizer}
          </Text>
        </div>
        {text === "" ? (
          <Text size="sm" c="dimmed">
            The text is empty: nothing fits the query well enough, or not even one memory fits the budget.
          </Text>
        ) : (
          <pre className={classes.text}>{text}</pre>
        )}
      </Stack>
      <Stack gap="lg">
        <Matches title={`Taken: ${results.length}`} matches={results} scale={scale} isNumbered />
        <Matches
          title={`Left out: ${leftOut.length}`}
          matches={leftOut.map((each) => each.match)}
          reasons={leftOut.map((each) => each.reason)}
          scale={scale}
        />
      </Stack>
    </>
  );
}

interface MatchesProps {
  readonly title: string;
  readonly matches: readonly MemoryMatch[];
  readonly reasons?: readonly string[];
  readonly scale: number;
  /** They are numbered as the sources of the text are, and all shown. */
  readonly isNumbered?: boolean;
}

function Matches({ title, matches, reasons, scale, isNumbered = false }: MatchesProps) {
  const most = isNumbered ? matches.length : SHOWN_MAX;
  return (
    <section aria-label={title}>
      <Title order={2} mb="xs">
        {title}
      </Title>
      {matches.length === 0 ? (
        <Text size="sm" c="dimmed">
          None
        </Text>
      ) : (
        <ul className={classes.list}>
          {matches.slice(0, most).map((match, place) => (
            <Match
              key={match.memory?.id}
              match={match}
              number={isNumbered ? `[${place + 1}]` : ""}
              reason={reasons?.[place]}
              scale={scale}
            />
          ))}
          {matches.length > most && (
            <li className={classes.item}>
              <Text size="xs" c="dimmed">
                and {matches.length - most} more that score less
              </Text>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

function Match(of: { match: MemoryMatch; number: string; reason: string | undefined; scale: number }) {
  const { match, number, reason, scale } = of;
  const parts = partsOf(match);
  if (match.memory === undefined) return null;
  return (
    <li className={classes.item}>
      <Group gap={8} wrap="nowrap" align="baseline">
        {number !== "" && <span className={classes.number}>{number}</span>}
        <Stack gap={4} flex={1} miw={0}>
          <Link to="/memory" search={{ memory: match.memory.id }} className={classes.opener}>
            {match.memory.content.slice(0, 300)}
          </Link>
          {parts && <ScoreBar parts={parts} scale={scale} />}
          {reason !== undefined && (
            <Text size="xs" c="dimmed">
              Left out: {reason}
            </Text>
          )}
        </Stack>
        <Text span size="sm" className="mono" c="dimmed">
          {match.score.toFixed(3)}
        </Text>
      </Group>
    </li>
  );
}
