import {
  Activity,
  ArrowRightLeft,
  BrainCircuit,
  History,
  House,
  KanbanSquare,
  type LucideIcon,
  Settings,
  Workflow,
} from "lucide-react";

/** A place of the console that the navigation leads to. */
export interface Place {
  readonly to:
    | "/"
    | "/executions"
    | "/observability"
    | "/memory"
    | "/workflows"
    | "/migrations"
    | "/workspace"
    | "/settings";
  readonly label: string;
  readonly hint: string;
  /** Pressed after `g`. */
  readonly key: string;
  readonly icon: LucideIcon;
}

export const PLACES: readonly Place[] = [
  { to: "/", label: "Home", hint: "What runs, what failed, what it costs", key: "h", icon: House },
  { to: "/executions", label: "Executions", hint: "Step through what agents did", key: "e", icon: History },
  {
    to: "/observability",
    label: "Observability",
    hint: "Metrics, events, traces, alerts",
    key: "o",
    icon: Activity,
  },
  { to: "/memory", label: "Memory", hint: "What agents remember", key: "m", icon: BrainCircuit },
  { to: "/workflows", label: "Workflows", hint: "What agents must do", key: "w", icon: Workflow },
  {
    to: "/migrations",
    label: "Migration",
    hint: "Bring over what browsers kept",
    key: "i",
    icon: ArrowRightLeft,
  },
  {
    to: "/workspace",
    label: "Workspace",
    hint: "Tasks and environments, offline too",
    key: "t",
    icon: KanbanSquare,
  },
  { to: "/settings", label: "Settings", hint: "Keys, retention, health", key: "s", icon: Settings },
];
