import { ActionIcon, Menu } from "@mantine/core";
import { useOfflineQueue } from "@timeloom/client/offline";
import { BookOpen, LogOut, UserRound } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useSignedIn } from "./SessionGate";
import { useSignOut } from "./useSignOut";

const ConfirmDialog = lazy(async () => ({ default: (await import("../ui/ConfirmDialog")).ConfirmDialog }));

/** Who is signed in, and the way out. */
export function SessionMenu() {
  const session = useSignedIn();
  const signOut = useSignOut();
  const { pending } = useOfflineQueue();
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="Session">
            <UserRound size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            Project {session.projectId.slice(0, 8)} · may {session.scope.toLowerCase()}
          </Menu.Label>
          <Menu.Item component="a" href="/docs" leftSection={<BookOpen size={14} />}>
            API reference
          </Menu.Item>
          <Menu.Item
            leftSection={<LogOut size={14} />}
            onClick={pending.length > 0 ? () => setAsking(true) : () => void signOut()}
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isAsking && (
        <Suspense>
          <ConfirmDialog
            isOpen={isAsking}
            onClose={() => setAsking(false)}
            title="Sign out and lose what was not sent?"
            action="Sign out"
            onConfirm={signOut}
          >
            {pending.length === 1 ? "One change waits" : `${pending.length} changes wait`} to be sent. Signing
            out wipes all that this browser keeps of the project.
          </ConfirmDialog>
        </Suspense>
      )}
    </>
  );
}
