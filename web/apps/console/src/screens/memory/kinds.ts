import type { MemoryKind } from "@timeloom/client";
import {
  BookOpen,
  CircleCheckBig,
  type LucideIcon,
  MessageSquare,
  Repeat,
  ScrollText,
  UserRound,
  Wrench,
  Zap,
} from "lucide-react";

interface KindLook {
  readonly kind: MemoryKind;
  readonly label: string;
  readonly icon: LucideIcon;
  /** Which of the palette's hues it has. */
  readonly hue: number;
}

/** What memories are about, as the contract has it. */
export const KINDS: readonly KindLook[] = [
  { kind: "KNOWLEDGE", label: "Knowledge", icon: BookOpen, hue: 0 },
  { kind: "USER_PREFERENCE", label: "User preference", icon: UserRound, hue: 1 },
  { kind: "CONVERSATION", label: "Conversation", icon: MessageSquare, hue: 2 },
  { kind: "TASK_EXECUTION", label: "Task execution", icon: CircleCheckBig, hue: 3 },
  { kind: "LEARNED_PATTERN", label: "Learned pattern", icon: Repeat, hue: 4 },
  { kind: "ERROR_RESOLUTION", label: "Error resolution", icon: Wrench, hue: 5 },
  { kind: "SKILL", label: "Skill", icon: Zap, hue: 6 },
  { kind: "CONTEXT_SUMMARY", label: "Context summary", icon: ScrollText, hue: 7 },
];

const KNOWLEDGE = KINDS[0] as KindLook;

/** How a kind looks. */
export function lookOf(kind: MemoryKind): KindLook {
  return KINDS.find((each) => each.kind === kind) ?? KNOWLEDGE;
}
