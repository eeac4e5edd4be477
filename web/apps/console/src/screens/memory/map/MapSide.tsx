import { Text, UnstyledButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Memory } from "@timeloom/client";
import { formatCount } from "../../../ui/format";
import { colourOf } from "../../../ui/series-colours";
import { SelectionBar } from "../ui/SelectionBar";
import type { Group } from "./groups";
import classes from "./MapPage.module.css";
import { type MapMemories, POINTS_MAX } from "./useMapMemories";

/** So many of the chosen ones are listed. */
const LISTED_MAX = 100;

interface MapSideProps {
  readonly of: MapMemories;
  readonly groups: readonly Group[];
  readonly picked: readonly Memory[];
  readonly onChoose: (places: readonly number[], adds: boolean) => void;
  readonly onDone: () => void;
}

/** Beside the map: what its colours mean, and what was chosen on it. */
export function MapSide({ of, groups, picked, onChoose, onDone }: MapSideProps) {
  return (
    <div className={classes.side}>
      <section aria-label="Legend">
        {groups.map((group) => (
          <UnstyledButton
            key={group.key}
            className={classes.group ?? ""}
            title={`Choose all of ${group.label}`}
            onClick={(event) => onChoose(group.places, event.shiftKey)}
          >
            <span className={classes.dot} style={{ background: colourOf(group.tone) }} aria-hidden />
            <span className={classes.label}>{group.label}</span>
            <span className={classes.count}>{formatCount(group.places.length)}</span>
          </UnstyledButton>
        ))}
      </section>
      {picked.length === 0 ? (
        <Hints of={of} />
      ) : (
        <>
          <SelectionBar memories={picked} onClear={() => onChoose([], false)} onDone={onDone} />
          <Picked memories={picked} />
        </>
      )}
    </div>
  );
}

function Hints({ of }: { of: MapMemories }) {
  return (
    <Text size="xs" c="dimmed" component="div">
      <p>
        {formatCount(of.memories.length)} memories, by their vectors of {of.model}. Points that are near each
        other mean alike; how far apart the others are says little.
      </p>
      {of.isCut && <p>There are more: the newest {formatCount(POINTS_MAX)} are shown.</p>}
      {of.leftOut > 0 && (
        <p>{formatCount(of.leftOut)} are left out: they have no vector, or one of another model.</p>
      )}
      <p>
        Draw around points to choose them; with Shift, more are added. The wheel zooms, Alt and dragging
        moves. A colour's name chooses all of it.
      </p>
    </Text>
  );
}

function Picked({ memories }: { memories: readonly Memory[] }) {
  return (
    <section className={classes.chosen} aria-label="Chosen memories">
      {memories.slice(0, LISTED_MAX).map((memory) => (
        <Link
          key={memory.id}
          to="/memory"
          search={{ namespace: memory.namespace, memory: memory.id }}
          className={classes.entry}
        >
          <Text size="sm" lineClamp={2}>
            {memory.content}
          </Text>
        </Link>
      ))}
      {memories.length > LISTED_MAX && (
        <Text size="xs" c="dimmed" p="xs">
          and {formatCount(memories.length - LISTED_MAX)} more
        </Text>
      )}
    </section>
  );
}
