import { useEffect, useState } from "react";
import { useRecording } from "./recording";

const SETTLED_MS = 150;

/** Where the playback stands, once it has stood there for a moment: for what has to be asked of the server. */
export function useSettledSequence(): number {
  const { player } = useRecording();
  const [sequence, setSequence] = useState(player.playback.sequence);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settle = () => setSequence(player.playback.sequence);
    settle();
    const unsubscribe = player.subscribe(() => {
      clearTimeout(timer);
      timer = setTimeout(settle, SETTLED_MS);
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [player]);
  return sequence;
}
