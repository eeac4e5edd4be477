import { UnstyledButton } from "@mantine/core";
import type { TaskRow } from "@timeloom/client/collections";
import {
  ArrowDown,
  ArrowUp,
  CloudUpload,
  Container,
  Equal,
  GitBranch,
  GitPullRequest,
  type LucideIcon,
} from "lucide-react";
import type { ReactNode } from "react";
import { wordsOf } from "../../ui/format";
import { TimeAgo } from "../../ui/Time";
import classes from "./TaskBoard.module.css";

const TAGS_SHOWN_MAX = 4;
const PRIORITY_SIGNS: Readonly<Record<string, LucideIcon>> = { HIGH: ArrowUp, MEDIUM: Equal, LOW: ArrowDown };

interface TaskCardProps {
  readonly task: TaskRow;
  readonly environment: string | undefined;
  /** Whether a change of it waits to be sent. */
  readonly isPending: boolean;
  readonly isHeld: boolean;
  readonly isFocusable: boolean;
  readonly onOpen: () => void;
  readonly onDrag: (isBegun: boolean) => void;
}

/** A task on the board. */
export function TaskCard(of: TaskCardProps) {
  const { task } = of;
  const Priority = PRIORITY_SIGNS[task.priority];
  return (
    <UnstyledButton
      className={classes.card}
      data-task={task.id}
      data-held={of.isHeld || undefined}
      draggable
      tabIndex={of.isFocusable ? 0 : -1}
      aria-describedby="board-help"
      onClick={of.onOpen}
      onDragStart={(event) => {
        event.dataTransfer.setData("text/plain", task.id);
        event.dataTransfer.effectAllowed = "move";
        of.onDrag(true);
      }}
      onDragEnd={() => of.onDrag(false)}
    >
      <span className={classes.title}>{task.title}</span>
      {task.statusMessage !== "" && <span className={classes.message}>{task.statusMessage}</span>}
      {task.tags.length > 0 && (
        <span className={classes.tags}>
          {task.tags.slice(0, TAGS_SHOWN_MAX).map((tag) => (
            <span key={tag} className={classes.tag}>
              {tag}
            </span>
          ))}
          {task.tags.length > TAGS_SHOWN_MAX && `+${task.tags.length - TAGS_SHOWN_MAX}`}
        </span>
      )}
      <span className={classes.facts}>
        {Priority !== undefined && (
          <Fact icon={Priority} tone={task.priority === "HIGH" ? "bad" : undefined}>
            {wordsOf(task.priority)}
          </Fact>
        )}
        {of.environment !== undefined && <Fact icon={Container}>{of.environment}</Fact>}
        {task.branch !== "" && <Fact icon={GitBranch}>{task.branch}</Fact>}
        {task.pullRequest != null && <Fact icon={GitPullRequest}>{pullRequestName(task.pullRequest)}</Fact>}
        {of.isPending && (
          <Fact icon={CloudUpload} tone="info">
            Not sent yet
          </Fact>
        )}
        {!of.isPending && task.updateTime !== undefined && (
          <span className={classes.time}>
            <TimeAgo time={task.updateTime} size="xs" />
          </span>
        )}
      </span>
    </UnstyledButton>
  );
}

function Fact(of: { icon: LucideIcon; tone?: string | undefined; children: ReactNode }) {
  return (
    <span className={classes.fact} data-tone={of.tone}>
      <of.icon size={12} aria-hidden />
      {of.children}
    </span>
  );
}

/** A pull request is any JSON object; programs keep its number under one of two names. */
export function pullRequestName(pullRequest: unknown): string {
  const { number, id } = pullRequest as { number?: unknown; id?: unknown };
  const found = number ?? id;
  return typeof found === "number" || typeof found === "string" ? `#${found}` : "Pull request";
}
