import type { TelemetryEvent } from "@timeloom/client";
import { colourOf } from "../../../ui/series-colours";
import { lookOf } from "./kinds";

/** The sign of an event's kind. */
export function KindIcon({
  event,
  size = 14,
}: {
  event: Pick<TelemetryEvent, "type" | "kind">;
  size?: number;
}) {
  const { icon: Icon, tone, label } = lookOf(event);
  return <Icon size={size} color={colourOf(tone)} role="img" aria-label={label} style={{ flex: "none" }} />;
}
