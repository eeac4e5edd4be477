import { Button, Text, TextInput, UnstyledButton } from "@mantine/core";
import { type ReactNode, useState } from "react";
import classes from "./FacetList.module.css";
import { formatCount } from "./format";

const SHOWN_AT_FIRST = 6;
const SEARCHED_FROM = 13;

/** A value that a list can be narrowed to. */
export interface Facet {
  readonly value: string;
  readonly label?: string;
  /** How many have it; absent where nobody counted. */
  readonly count?: number | undefined;
  readonly icon?: ReactNode;
}

interface FacetListProps {
  /** What the values are of: "Status". */
  readonly title: string;
  readonly facets: readonly Facet[];
  readonly selected: readonly string[];
  readonly onChange: (selected: string[]) => void;
  /** One value at most. */
  readonly isSingle?: boolean;
  /** Said where there is no value. */
  readonly empty?: string;
}

/** The values of one property with their counts, of which some are chosen. */
export function FacetList({ title, facets, selected, onChange, isSingle = false, empty }: FacetListProps) {
  const [isWhole, setWhole] = useState(false);
  const [words, setWords] = useState("");
  const all = withSelected(facets, selected);
  const found = all.filter((each) => labelOf(each).toLowerCase().includes(words.toLowerCase()));
  const shown = isWhole
    ? found
    : found.filter((each, index) => index < SHOWN_AT_FIRST || selected.includes(each.value));
  const toggle = (value: string) => {
    if (selected.includes(value)) onChange(selected.filter((each) => each !== value));
    else onChange(isSingle ? [value] : [...selected, value]);
  };
  return (
    <fieldset className={classes.facet} aria-label={title}>
      <div className={classes.title}>
        <span aria-hidden>{title}</span>
        {selected.length > 0 && (
          <UnstyledButton
            fz="xs"
            c="copper"
            onClick={() => onChange([])}
            aria-label={`Any ${title.toLowerCase()}`}
          >
            Any
          </UnstyledButton>
        )}
      </div>
      {all.length >= SEARCHED_FROM && isWhole && (
        <TextInput
          size="xs"
          mb={4}
          aria-label={`Find a ${title.toLowerCase()}`}
          placeholder="Find"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      )}
      {shown.map((facet) => (
        <FacetValue
          key={facet.value}
          facet={facet}
          isSelected={selected.includes(facet.value)}
          onToggle={() => toggle(facet.value)}
        />
      ))}
      {shown.length === 0 && (
        <Text size="xs" c="dimmed" px={6}>
          {words === "" ? (empty ?? "None") : "Nothing has these letters"}
        </Text>
      )}
      {found.length > SHOWN_AT_FIRST && words === "" && (
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show fewer" : `Show all ${found.length}`}
        </Button>
      )}
    </fieldset>
  );
}

function FacetValue(of: { facet: Facet; isSelected: boolean; onToggle: () => void }) {
  const { facet, isSelected, onToggle } = of;
  const label = labelOf(facet);
  return (
    <label className={classes.value} title={label}>
      <input type="checkbox" checked={isSelected} onChange={onToggle} aria-label={label} />
      {facet.icon}
      <span className={classes.label}>{label}</span>
      {facet.count !== undefined && <span className={classes.count}>{formatCount(facet.count)}</span>}
    </label>
  );
}

function labelOf(facet: Facet): string {
  return facet.label ?? facet.value;
}

/** What is chosen stays in sight, even if nothing has it any more. */
function withSelected(facets: readonly Facet[], selected: readonly string[]): readonly Facet[] {
  const known = new Set(facets.map((each) => each.value));
  return [...facets, ...selected.filter((each) => !known.has(each)).map((value) => ({ value }))];
}
