import { ActionIcon, AppShell, Burger, Group, NavLink, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { CircleHelp, Search } from "lucide-react";
import { useEffect } from "react";
import { KeyHint } from "../ui/KeyHint";
import { CommandPalette, openCommands } from "./CommandPalette";
import { ConnectionState } from "./ConnectionState";
import { Logo } from "./Logo";
import { PLACES, type Place } from "./places";
import { SchemeToggle } from "./SchemeToggle";
import { SessionMenu } from "./SessionMenu";
import classes from "./Shell.module.css";
import { ShortcutHelp } from "./ShortcutHelp";
import { handleKey, useShortcut } from "./shortcuts";

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
          <UnstyledButton className={classes.search} onClick={openCommands}>
            <Search size={14} aria-hidden />
            <Text size="sm" className={classes.searchText}>
              Search or run a command
            </Text>
            <span aria-hidden>
              <KeyHint keys="mod K" />
            </span>
          </UnstyledButton>
          <Bar onHelp={help.open} />
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
      <CommandPalette />
      <ShortcutHelp isOpen={isHelpOpen} onClose={help.close} />
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

function Bar({ onHelp }: { onHelp: () => void }) {
  return (
    <Group gap={4} wrap="nowrap">
      <ConnectionState />
      <SchemeToggle />
      <Tooltip label="Shortcuts (?)">
        <ActionIcon variant="subtle" color="gray" onClick={onHelp} aria-label="Shortcuts" visibleFrom="xs">
          <CircleHelp size={17} />
        </ActionIcon>
      </Tooltip>
      <SessionMenu />
    </Group>
  );
}
