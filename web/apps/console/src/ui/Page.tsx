import { Box, Group, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import classes from "./Page.module.css";

interface PageProps {
  /** The one `h1` of the screen, and the tab's title. */
  readonly title: string;
  readonly description?: ReactNode;
  /** Beside the title, such as a status. */
  readonly beside?: ReactNode;
  /** Buttons at the right. */
  readonly actions?: ReactNode;
  /** Tabs or filters below the title. */
  readonly below?: ReactNode;
  /** The content takes the height that is left and scrolls inside; otherwise the page scrolls. */
  readonly isFilling?: boolean;
  readonly children: ReactNode;
}

/** A screen: its title, what can be done, and the content. */
export function Page({ title, description, beside, actions, below, isFilling = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Timeloom`;
  }, [title]);
  return (
    <Box className={isFilling ? classes.filling : classes.flowing}>
      <header className={classes.header}>
        <Group justify="space-between" gap="sm">
          <Group gap="sm" className={classes.heading ?? ""}>
            <Title order={1} className={classes.title ?? ""}>
              {title}
            </Title>
            {beside}
          </Group>
          <Group gap="xs">{actions}</Group>
        </Group>
        {description !== undefined && (
          <Text size="sm" c="dimmed">
            {description}
          </Text>
        )}
        {below}
      </header>
      <div className={classes.content}>{children}</div>
    </Box>
  );
}
