import { notifications } from "@mantine/notifications";

/** Tells the result of an action. */
export function tell(message: string, tone: "good" | "bad" = "good"): void {
  notifications.show({ message, color: tone === "good" ? "green" : "red" });
}

/** What went wrong, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
