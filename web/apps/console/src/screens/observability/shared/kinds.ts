import type { TelemetryEvent } from "@timeloom/client";
import {
  Bot,
  BrainCircuit,
  CircleDot,
  FileSearch,
  FileText,
  Flag,
  Gauge,
  Hammer,
  Link2,
  ListOrdered,
  type LucideIcon,
  Map as MapIcon,
  MessageSquare,
  Milestone,
  ScrollText,
  ShieldCheck,
  Sigma,
  Workflow,
} from "lucide-react";
import type { Tone } from "../../../ui/series-colours";

/** How a kind of events looks: its sign, its colour, and its name, which says the same. */
export interface KindLook {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly tone: Tone;
}

const OTHER: KindLook = { label: "Other", icon: CircleDot, tone: 7 };

const KINDS: Readonly<Record<string, KindLook>> = {
  AGENT: { label: "Agent", icon: Bot, tone: 0 },
  WORKFLOW: { label: "Workflow", icon: Workflow, tone: 0 },
  CHAIN: { label: "Chain", icon: Link2, tone: 7 },
  LLM: { label: "Model", icon: MessageSquare, tone: 1 },
  EMBEDDING: { label: "Embedding", icon: Sigma, tone: 5 },
  TOOL: { label: "Tool", icon: Hammer, tone: 2 },
  RETRIEVER: { label: "Retriever", icon: FileSearch, tone: 3 },
  RERANKER: { label: "Reranker", icon: ListOrdered, tone: 3 },
  GUARDRAIL: { label: "Guardrail", icon: ShieldCheck, tone: 6 },
  EVALUATOR: { label: "Evaluator", icon: Gauge, tone: 4 },
  PROMPT: { label: "Prompt", icon: FileText, tone: 4 },
  MEMORY: { label: "Memory", icon: BrainCircuit, tone: 6 },
  PLAN: { label: "Plan", icon: MapIcon, tone: 4 },
  OTHER,
};

const TYPES: Readonly<Record<string, KindLook>> = {
  SPAN_EVENT: { label: "Moment", icon: Flag, tone: 7 },
  LOG: { label: "Log", icon: ScrollText, tone: 7 },
  CHANGE: { label: "Change", icon: Milestone, tone: 5 },
};

/** How a kind looks. */
export function lookOfKind(kind: string): KindLook {
  return KINDS[kind] ?? OTHER;
}

/** How an event looks: what is no span, by its type. */
export function lookOf(event: Pick<TelemetryEvent, "type" | "kind">): KindLook {
  return TYPES[event.type] ?? lookOfKind(event.kind);
}
