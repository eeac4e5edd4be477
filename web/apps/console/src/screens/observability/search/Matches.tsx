import type { EventMatch } from "@timeloom/client";
import { useRef, useState } from "react";
import { useShortcut } from "../../../app/shortcuts";
import { formatDuration, formatShare } from "../../../ui/format";
import { TimeAgo } from "../../../ui/Time";
import { KindIcon } from "../shared/KindIcon";
import { piecesOf } from "./excerpt";
import classes from "./Matches.module.css";

interface MatchesProps {
  readonly matches: readonly EventMatch[];
  readonly isStale: boolean;
  /** The id of the event whose details are shown. */
  readonly selected: string | undefined;
  readonly onShow: (eventId: string) => void;
}

/** What was found, best first, each with the reasons. */
export function Matches({ matches, isStale, selected, onShow }: MatchesProps) {
  const list = useRef<HTMLOListElement>(null);
  const [active, setActive] = useState(-1);
  const best = matches[0]?.score ?? 1;
  const go = (by: number) => {
    const next = Math.min(Math.max(active + by, 0), matches.length - 1);
    setActive(next);
    list.current?.querySelectorAll("button")[next]?.focus();
  };
  const keys = { group: "Results" };
  useShortcut({ ...keys, keys: "j", label: "Next" }, () => go(1));
  useShortcut({ ...keys, keys: "k", label: "Previous" }, () => go(-1));
  return (
    <ol ref={list} className={classes.matches} aria-label="Results" data-stale={isStale || undefined}>
      {matches.map((match, at) => {
        const { event } = match;
        if (event === undefined) return null;
        return (
          <li key={event.id} className={classes.match} data-selected={event.id === selected || undefined}>
            <button
              type="button"
              className={classes.open}
              onFocus={() => setActive(at)}
              onClick={() => onShow(event.id)}
            >
              <span className={classes.head}>
                <KindIcon event={event} />
                <span className={classes.name}>{event.name || event.message}</span>
                {event.status === "ERROR" && (
                  <span className={classes.failed}>{event.errorType || "failed"}</span>
                )}
                <span className={classes.quiet}>
                  {[event.agentId, event.model, event.toolName].filter(Boolean).join(" · ")}
                </span>
                <span className={classes.end}>
                  {event.endTime !== event.startTime && formatDuration(event.durationMs)}
                  {event.startTime && <TimeAgo time={event.startTime} size="xs" />}
                </span>
              </span>
              <Excerpt match={match} />
            </button>
            <Reasons match={match} best={best} />
          </li>
        );
      })}
    </ol>
  );
}

function Excerpt({ match }: { match: EventMatch }) {
  const { event, excerpt } = match;
  const text = excerpt || event?.outputPreview || event?.inputPreview || event?.message || "";
  return (
    <span className={classes.excerpt}>
      {piecesOf(text).map((piece, at) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity, and never change
        piece.isMarked ? <mark key={at}>{piece.text}</mark> : <span key={at}>{piece.text}</span>,
      )}
    </span>
  );
}

function Reasons({ match, best }: { match: EventMatch; best: number }) {
  const { wordRank, meaningRank, similarity, words, score } = match;
  return (
    <dl className={classes.reasons}>
      <div title="Only comparable within these results">
        <dt>Score</dt>
        <dd>
          <span className={classes.meter} aria-hidden>
            <span style={{ width: `${Math.max(4, (score / best) * 100)}%` }} />
          </span>
          {score.toFixed(4)}
        </dd>
      </div>
      <div data-missing={wordRank === 0 || undefined}>
        <dt>Words</dt>
        <dd>{wordRank > 0 ? `#${wordRank}: ${words.join(", ")}` : "not these"}</dd>
      </div>
      <div data-missing={meaningRank === 0 || undefined}>
        <dt>Meaning</dt>
        <dd>{meaningRank > 0 ? `#${meaningRank}: ${formatShare(similarity)} alike` : "not near"}</dd>
      </div>
      {match.event?.sessionId && (
        <div style={{ marginLeft: "auto" }}>
          <dt className="visually-hidden">Session</dt>
          <dd>{match.event.sessionId}</dd>
        </div>
      )}
    </dl>
  );
}
