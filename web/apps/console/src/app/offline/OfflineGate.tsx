import { type OfflineQueue, OfflineQueueContext, openOfflineQueue } from "@timeloom/client/offline";
import { type ReactNode, useEffect, useState } from "react";
import { timeloom } from "../connection";
import { useSignedIn } from "../SessionGate";
import { keepAnswersOf } from "./kept-answers";
import { UpdateNotice } from "./UpdateNotice";

/** Lets the console be used without a network: what was loaded is kept, and changes wait until they can be sent. */
export function OfflineGate({ children }: { children: ReactNode }) {
  const { projectId } = useSignedIn();
  const [queue, setQueue] = useState<OfflineQueue | null>(null);
  useEffect(() => {
    void keepAnswersOf(projectId);
    let isLeft = false;
    let opened: OfflineQueue | undefined;
    void openOfflineQueue({ timeloom, project: projectId }).then((found) => {
      opened = found;
      if (isLeft) found.close();
      else setQueue(found);
    });
    return () => {
      isLeft = true;
      opened?.close();
      setQueue(null);
    };
  }, [projectId]);
  return (
    <OfflineQueueContext value={queue}>
      <UpdateNotice />
      {children}
    </OfflineQueueContext>
  );
}
