import { Badge, Tooltip } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { WifiOff } from "lucide-react";

/** Says so when there is no network. */
export function ConnectionState() {
  const { online } = useNetwork();
  return (
    <div role="status">
      {!online && (
        <Tooltip label="You see what was loaded before. Changes are kept and sent when the network is back.">
          <Badge color="yellow" variant="light" leftSection={<WifiOff size={12} aria-hidden />}>
            Offline
          </Badge>
        </Tooltip>
      )}
    </div>
  );
}
