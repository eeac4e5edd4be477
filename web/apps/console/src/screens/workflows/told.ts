import { notifications } from "@mantine/notifications";

/** What people are told when something that they asked for is done, or was refused. */
export function told(done: string) {
  return {
    onSuccess: () => {
      notifications.show({ message: done });
    },
    onError: (error: Error) => {
      notifications.show({ color: "red", title: "This was refused", message: error.message });
    },
  };
}
