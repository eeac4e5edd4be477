import { Skeleton, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { ErrorState } from "../../../ui/states";
import classes from "./Panel.module.css";

interface PanelProps {
  readonly title: string;
  /** The unit, or what it is of. */
  readonly hint?: string;
  readonly reading: {
    readonly isPending: boolean;
    readonly isError: boolean;
    readonly error: unknown;
    readonly isPlaceholderData?: boolean;
    readonly refetch: () => unknown;
  };
  readonly heightPx: number;
  readonly isWide?: boolean;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a dashboard: it keeps its height while it loads, and shows its own error. */
export function Panel({ title, hint, reading, heightPx, isWide = false, actions, children }: PanelProps) {
  return (
    <section className={classes.panel} data-wide={isWide || undefined} aria-label={title}>
      <header className={classes.header}>
        <Title order={2} fz="sm">
          {title}
        </Title>
        {hint !== undefined && (
          <Text span size="xs" c="dimmed">
            {hint}
          </Text>
        )}
        <div className={classes.actions}>{actions}</div>
      </header>
      <div
        style={{ minHeight: heightPx }}
        data-stale={reading.isPlaceholderData || undefined}
        className={classes.body}
      >
        {reading.isError ? (
          <ErrorState error={reading.error} onRetry={() => void reading.refetch()} />
        ) : reading.isPending ? (
          <Skeleton
            height={heightPx}
            radius="md"
            role="status"
            aria-label={`Loading ${title.toLowerCase()}`}
          />
        ) : (
          children
        )}
      </div>
    </section>
  );
}
