import {
  BrainCircuit,
  Cable,
  CircleHelp,
  Globe,
  Hand,
  Hourglass,
  ListTree,
  type LucideIcon,
  MessageSquareText,
  PhoneIncoming,
  Repeat,
  Repeat2,
  Shuffle,
  Sparkles,
  Split,
  SquareFunction,
  Truck,
  Webhook,
  Workflow,
  Wrench,
} from "lucide-react";

const ICONS: Readonly<Record<string, LucideIcon>> = {
  task: Wrench,
  http: Globe,
  grpc: Cable,
  llm: Sparkles,
  memory: BrainCircuit,
  migration: Truck,
  transform: SquareFunction,
  workflow: Workflow,
  webhook: Webhook,
  condition: Split,
  switch: Shuffle,
  parallel: ListTree,
  foreach: Repeat2,
  loop: Repeat,
  wait: Hourglass,
  human_approval: Hand,
  callback: PhoneIncoming,
  signal: MessageSquareText,
};

/** The sign of a kind of step. */
export function KindIcon({ kind, size = 16 }: { kind: string; size?: number }) {
  const Icon = ICONS[kind] ?? CircleHelp;
  return <Icon size={size} aria-hidden />;
}
