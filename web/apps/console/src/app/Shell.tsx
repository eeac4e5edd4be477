import { AppShell, Burger, Group, NavLink, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { KeyHint } from "../ui/KeyHint";
import { Logo } from "./Logo";
import { PLACES, type Place } from "./places";
import classes from "./Shell.module.css";
import { handleKey, useShortcut } from "./shortcuts";

// What floats above the page, or is opened by a key or a click, need not be there for the first picture.
const Bar = lazy(async () => ({ default: (await import("./Bar")).Bar }));
const CommandPalette = lazy(async () => ({ default: (await import("./CommandPalette")).CommandPalette }));
const ShortcutHelp = lazy(async () => ({ default: (await import("./ShortcutHelp")).ShortcutHelp }));

async function openCommands(): Promise<void> {
  const { spotlight } = await import("@mantine/spotlight");
  spotlight.open();
}

/** What is around every screen: the navigation, the bar, the palette and the help. */
export function Shell() {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const [isHelpOpen, help] = useDisclosure(false);
  useShortcut({ keys: "?", label: "Show the shortcuts", group: "Everywhere" }, help.open);
  useEffect(() => {
    document.addEventListener("keydown", handleKey);
    return () => document.removeEventListener("keydown", handleKey);
  }, []);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 196, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding={0}
    >
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Link to="/" className={classes.brand} aria-label="Timeloom, home">
              <Logo size={24} />
              <Text fw={650} visibleFrom="xs">
                Timeloom
              </Text>
            </Link>
          </Group>
          <UnstyledButton className={classes.search} onClick={() => void openCommands()}>
            <Search size={14} aria-hidden />
            <Text size="sm" className={classes.searchText}>
              Search or run a command
            </Text>
            <span aria-hidden>
              <KeyHint keys="mod K" />
            </span>
          </UnstyledButton>
          <div className={classes.bar}>
            <Suspense>
              <Bar onHelp={help.open} />
            </Suspense>
          </div>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} p="xs" aria-label="Places">
        {PLACES.map((place) => (
          <PlaceLink key={place.to} place={place} onFollow={close} />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <Outlet />
      </AppShell.Main>
      <AfterFirstPicture>
        <CommandPalette />
        <ShortcutHelp isOpen={isHelpOpen} onClose={help.close} />
      </AfterFirstPicture>
    </AppShell>
  );
}

function PlaceLink({ place, onFollow }: { place: Place; onFollow: () => void }) {
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  useShortcut(
    { keys: `g ${place.key}`, label: place.label, group: "Go to" },
    () => void navigate({ to: place.to }),
  );
  const isHere = place.to === "/" ? path === "/" : isBelow(path, place.to);
  return (
    <NavLink
      renderRoot={(props) => <Link to={place.to} {...props} />}
      label={place.label}
      leftSection={<place.icon size={16} aria-hidden />}
      active={isHere}
      aria-current={isHere ? "page" : undefined}
      onClick={onFollow}
      className={classes.place ?? ""}
    />
  );
}

/** A comparison belongs to the executions, whatever its address. */
function isBelow(path: string, place: string): boolean {
  return path.startsWith(place) || (place === "/executions" && path.startsWith("/compare"));
}

/** What is drawn once everything else is. */
function AfterFirstPicture({ children }: { children: ReactNode }) {
  const [isDrawn, setDrawn] = useState(false);
  useEffect(() => setDrawn(true), []);
  return isDrawn && <Suspense>{children}</Suspense>;
}
