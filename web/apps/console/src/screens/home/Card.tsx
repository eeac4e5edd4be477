import { Anchor, Skeleton, Text, Title } from "@mantine/core";
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Problem } from "../../ui/Problem";
import classes from "./Home.module.css";

interface CardProps {
  readonly title: string;
  /** Where everything of the kind is. */
  readonly to: Pick<LinkProps, "to" | "search">;
  readonly all: string;
  readonly reading: { readonly isPending: boolean; readonly isError: boolean; readonly error: unknown };
  /** Said where there is nothing. */
  readonly none: string;
  readonly rows: readonly ReactNode[];
}

/** The newest of a kind, and the way to all of them. */
export function Card({ title, to, all, reading, none, rows }: CardProps) {
  return (
    <section className={classes.card} aria-label={title}>
      <header className={classes.heading}>
        <Title order={2} fz="sm">
          {title}
        </Title>
        <Anchor size="xs" renderRoot={(props) => <Link {...to} {...props} />}>
          {all}
        </Anchor>
      </header>
      {reading.isError ? (
        <Problem error={reading.error} />
      ) : reading.isPending ? (
        <Skeleton height={84} radius="md" role="status" aria-label={`Loading ${title.toLowerCase()}`} />
      ) : rows.length === 0 ? (
        <Text size="sm" c="dimmed" py="xs">
          {none}
        </Text>
      ) : (
        <ul className={classes.rows}>{rows}</ul>
      )}
    </section>
  );
}
