import { notifications } from "@mantine/notifications";

/** Tells of a change that was taken back. */
export function notifyRefused(error: Error): void {
  notifications.show({ color: "red", title: "A change was not applied", message: error.message });
}
