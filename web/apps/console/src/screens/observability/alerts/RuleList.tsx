import { ActionIcon, Button, Switch, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { AlertRule } from "@timeloom/client";
import { type Listing, useAlertControls } from "@timeloom/client/react";
import { BellPlus, CircleAlert, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { ConfirmDialog } from "../../../ui/ConfirmDialog";
import { formatCount } from "../../../ui/format";
import { EmptyState } from "../../../ui/states";
import { TimeAgo } from "../../../ui/Time";
import { type Column, VirtualTable } from "../../../ui/VirtualTable";
import classes from "../shared/cells.module.css";
import { draftOf } from "./draft";
import { useSaveRule } from "./use-save-rule";
import { ruleText } from "./words";

interface RuleListProps {
  readonly list: Listing<AlertRule>;
  readonly onOpen: (rule: AlertRule) => void;
  readonly onMake: () => void;
}

/** The rules, each to be switched off, edited or deleted. */
export function RuleList({ list, onOpen, onMake }: RuleListProps) {
  const [doomed, setDoomed] = useState<AlertRule>();
  const { removeRule } = useAlertControls();
  const columns = useMemo(() => [...COLUMNS, removeColumn(setDoomed)], []);
  const rows = list.data ?? [];
  return (
    <>
      <VirtualTable
        label="Rules"
        rows={rows}
        keyOf={keyOf}
        columns={columns}
        hasShortcuts
        onOpen={onOpen}
        hasMore={list.hasNextPage}
        isLoadingMore={list.isFetchingNextPage}
        onLoadMore={() => void list.fetchNextPage()}
        empty={
          <EmptyState
            icon={BellPlus}
            title="No rules yet"
            text="A rule holds a metric against a threshold. It is tried on the past before it is kept."
          >
            <Button size="xs" variant="light" onClick={onMake}>
              Make the first rule
            </Button>
          </EmptyState>
        }
        foot={
          <Text size="xs" c="dimmed">
            {formatCount(rows.length)} loaded
          </Text>
        }
      />
      <ConfirmDialog
        isOpen={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={`Delete the rule ${doomed?.name ?? ""}?`}
        action="Delete"
        onConfirm={() => removeRule.mutateAsync({ ruleId: doomed?.id ?? "" })}
      >
        Its alerts go with it, and nobody is told of them any more. This cannot be undone.
      </ConfirmDialog>
    </>
  );
}

function keyOf(rule: AlertRule): string {
  return rule.id;
}

const COLUMNS: readonly Column<AlertRule>[] = [
  { key: "enabled", title: "On", width: "44px", render: (rule) => <Enabled rule={rule} /> },
  {
    key: "name",
    title: "Rule",
    width: "minmax(120px, 1fr)",
    render: (rule) => <span className={classes.name}>{rule.name}</span>,
  },
  {
    key: "says",
    title: "Fires when",
    width: "minmax(150px, 2fr)",
    showFrom: 560,
    render: (rule) => <span className={classes.quiet}>{ruleText(rule)}</span>,
  },
  {
    key: "actions",
    title: "Tells",
    width: "90px",
    showFrom: 800,
    render: (rule) => (
      <span className={classes.quiet}>
        {rule.actions.map((each) => (each.webhook ? "webhook" : "workflow")).join(", ") || "nobody"}
      </span>
    ),
  },
  {
    key: "checked",
    title: "Checked",
    width: "92px",
    align: "right",
    render: (rule) =>
      rule.checkError === "" ? (
        rule.checkTime && <TimeAgo time={rule.checkTime} />
      ) : (
        <Tooltip label={rule.checkError} multiline maw={320}>
          <span className={classes.failed}>
            <CircleAlert size={13} aria-hidden /> failed
          </span>
        </Tooltip>
      ),
  },
];

function Enabled({ rule }: { rule: AlertRule }) {
  const saving = useSaveRule();
  const turn = (enabled: boolean) =>
    saving.save(
      rule,
      { ...draftOf(rule), enabled },
      {
        onError: (error) =>
          notifications.show({ color: "red", title: "The rule is as it was", message: error.message }),
      },
    );
  return (
    <Switch
      size="xs"
      aria-label={`${rule.name} is checked`}
      checked={rule.enabled}
      disabled={saving.isPending}
      onChange={(event) => turn(event.currentTarget.checked)}
    />
  );
}

function removeColumn(onRemove: (rule: AlertRule) => void): Column<AlertRule> {
  return {
    key: "remove",
    title: <span className="visually-hidden">Delete</span>,
    width: "34px",
    render: (rule) => (
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        aria-label={`Delete ${rule.name}`}
        onClick={() => onRemove(rule)}
      >
        <Trash2 size={14} />
      </ActionIcon>
    ),
  };
}
