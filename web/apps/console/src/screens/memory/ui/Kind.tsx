import type { MemoryKind } from "@timeloom/client";
import { colourOf } from "../../../ui/series-colours";
import { lookOf } from "../kinds";
import classes from "./Kind.module.css";

/** What a memory is about: a sign in the kind's colour, and its name. */
export function Kind({ kind, isShort = false }: { kind: MemoryKind; isShort?: boolean }) {
  const { label, icon: Icon, hue } = lookOf(kind);
  return (
    <span className={classes.kind} title={isShort ? label : undefined}>
      <Icon size={14} color={colourOf(hue)} aria-hidden />
      <span className={isShort ? "visually-hidden" : undefined}>{label}</span>
    </span>
  );
}
