import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { TimeloomProvider, useLiveInvalidation } from "@timeloom/client/react";
import { queryClient, timeloom } from "./connection";
import { OfflineGate } from "./offline/OfflineGate";
import { router } from "./router";
import { SessionGate } from "./SessionGate";
import { COLOUR_SCHEME_KEY, theme } from "./theme";

const colourScheme = localStorageColorSchemeManager({ key: COLOUR_SCHEME_KEY });

/** The console. */
export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={colourScheme}>
      <QueryClientProvider client={queryClient}>
        <TimeloomProvider timeloom={timeloom}>
          <Notifications position="bottom-right" limit={4} autoClose={8_000} />
          <SessionGate>
            <LiveUpdates />
            <OfflineGate>
              <RouterProvider router={router} />
            </OfflineGate>
          </SessionGate>
        </TimeloomProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

/** Keeps everything on screen current while somebody is signed in. */
function LiveUpdates() {
  useLiveInvalidation();
  return null;
}
