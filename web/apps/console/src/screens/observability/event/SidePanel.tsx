import { ActionIcon, Drawer, Text, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useShortcut } from "../../../app/shortcuts";
import classes from "./SidePanel.module.css";

interface SidePanelProps {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Details beside a list, where there is room; over it, where there is none. */
export function SidePanel({ label, onClose, children }: SidePanelProps) {
  const isWide = useMediaQuery("(min-width: 68em)", true, { getInitialValueInEffect: false });
  useShortcut({ keys: "Escape", label: "Close the details", group: "This screen" }, onClose, {
    enabled: isWide,
  });
  if (!isWide) {
    return (
      <Drawer
        opened
        onClose={onClose}
        position="right"
        size="min(520px, 100%)"
        title={label}
        closeButtonProps={{ "aria-label": "Close the details" }}
      >
        {children}
      </Drawer>
    );
  }
  return (
    <aside className={classes.panel} aria-label={label}>
      <header className={classes.header}>
        <Text size="xs" c="dimmed">
          {label}
        </Text>
        <Tooltip label="Close (Escape)">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label="Close the details"
            onClick={onClose}
          >
            <X size={16} />
          </ActionIcon>
        </Tooltip>
      </header>
      {children}
    </aside>
  );
}
