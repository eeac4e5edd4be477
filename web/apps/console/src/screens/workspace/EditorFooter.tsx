import { Button, Group } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./EditorFooter.module.css";

interface EditorFooterProps {
  /** What the button that saves says. */
  readonly submit: string;
  /** How to get rid of what is edited; nothing while it is new. */
  readonly removal: ReactNode;
  readonly onCancel: () => void;
}

/** What can be done with what a drawer edits; it stays in sight. */
export function EditorFooter({ submit, removal, onCancel }: EditorFooterProps) {
  return (
    <div className={classes.footer}>
      <Group gap="xs">{removal}</Group>
      <Group gap="xs">
        <Button variant="default" size="xs" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" size="xs">
          {submit}
        </Button>
      </Group>
    </div>
  );
}
