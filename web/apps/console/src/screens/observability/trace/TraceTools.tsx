import { ActionIcon, Button, Group, Text, Tooltip } from "@mantine/core";
import {
  ChevronDown,
  ChevronsDownUp,
  ChevronsUpDown,
  ChevronUp,
  CircleAlert,
  Maximize2,
  Route,
  ZoomIn,
} from "lucide-react";
import { formatCount } from "../../../ui/format";
import { SearchInput } from "../../../ui/SearchInput";
import type { WaterfallLayout } from "./layout";
import type { TraceKeys } from "./use-trace-keys";
import type { WaterfallView } from "./use-waterfall";
import classes from "./Waterfall.module.css";

interface TraceToolsProps {
  readonly layout: WaterfallLayout;
  readonly view: WaterfallView;
  readonly words: string;
  readonly onWords: (words: string) => void;
  readonly keys: TraceKeys;
  /** How many spans there are, as long as some are still to come. */
  readonly loadedOf: number | undefined;
}

/** The bar above a waterfall: search, errors, critical path, zoom. */
export function TraceTools({ layout, view, words, onWords, keys, loadedOf }: TraceToolsProps) {
  const place = view.found.indexOf(view.active) + 1;
  return (
    <div className={classes.tools}>
      <SearchInput label="Search the spans" value={words} onChange={onWords} w={220} />
      {words !== "" && (
        <Group gap={2} wrap="nowrap">
          <Text size="xs" c="dimmed" role="status">
            {view.found.length === 0
              ? "None"
              : `${place > 0 ? `${place} of ` : ""}${formatCount(view.found.length)}`}
          </Text>
          <Tool label="The one before (N)" onClick={keys.previousFound} disabled={view.found.length === 0}>
            <ChevronUp size={15} />
          </Tool>
          <Tool label="The next one (n)" onClick={keys.nextFound} disabled={view.found.length === 0}>
            <ChevronDown size={15} />
          </Tool>
        </Group>
      )}
      {keys.errorCount > 0 && (
        <Tooltip label="Next failed span (e)">
          <Button
            size="compact-xs"
            variant="light"
            color="red"
            leftSection={<CircleAlert size={13} aria-hidden />}
            onClick={keys.nextError}
          >
            {formatCount(keys.errorCount)} failed
          </Button>
        </Tooltip>
      )}
      <Tooltip label="Spans without which the trace would have been faster (c)">
        <Button
          size="compact-xs"
          variant={keys.isCriticalOnly ? "light" : "subtle"}
          color={keys.isCriticalOnly ? "copper" : "gray"}
          aria-pressed={keys.isCriticalOnly}
          leftSection={<Route size={13} aria-hidden />}
          onClick={keys.toggleCritical}
        >
          Critical path
        </Button>
      </Tooltip>
      <Group gap={2} ml="auto" wrap="nowrap">
        <Text size="xs" c="dimmed" mr={4} role="status">
          {loadedOf === undefined
            ? `${formatCount(layout.spans.length)} spans`
            : `${formatCount(layout.spans.length)} of ${formatCount(loadedOf)} spans loaded`}
        </Text>
        <Tool label="Close all spans ([)" onClick={() => view.closeBelow(0)}>
          <ChevronsDownUp size={15} />
        </Tool>
        <Tool label="Open all spans (])" onClick={() => view.closeBelow(Number.POSITIVE_INFINITY)}>
          <ChevronsUpDown size={15} />
        </Tool>
        <Tool label="Zoom to the span (f)" onClick={keys.toSpan}>
          <ZoomIn size={15} />
        </Tool>
        <Tool label="The whole time (0)" onClick={keys.whole} disabled={!view.isZoomed}>
          <Maximize2 size={15} />
        </Tool>
      </Group>
    </div>
  );
}

interface ToolProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  readonly children: React.ReactNode;
}

function Tool({ label, onClick, disabled = false, children }: ToolProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={label}
        onClick={onClick}
        disabled={disabled}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
