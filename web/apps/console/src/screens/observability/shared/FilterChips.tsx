import { ActionIcon, Button, Group } from "@mantine/core";
import { X } from "lucide-react";
import { formatDuration, wordsOf } from "../../../ui/format";
import classes from "./FilterChips.module.css";
import { type Condition, conditionsOf, FIELD_LABELS, type FilterSearch, without } from "./filter";

interface FilterChipsProps<Search extends FilterSearch> {
  readonly search: Search;
  readonly onChange: (search: Search) => void;
}

/** The conditions of a filter, each to be taken away. */
export function FilterChips<Search extends FilterSearch>({ search, onChange }: FilterChipsProps<Search>) {
  const conditions = conditionsOf(search);
  if (conditions.length === 0) return null;
  return (
    <Group gap={6}>
      <ul className={classes.chips} aria-label="Filter">
        {conditions.map((each) => (
          <li key={`${each.field} ${each.value}`} className={classes.chip}>
            <span className={classes.field}>{FIELD_LABELS[each.field]}</span>
            <span className={classes.value}>{valueLabel(each)}</span>
            <ActionIcon
              size={18}
              variant="subtle"
              color="gray"
              aria-label={`Without ${FIELD_LABELS[each.field].toLowerCase()} ${each.value}`}
              onClick={() => onChange(without(search, each))}
            >
              <X size={12} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        onClick={() => onChange(conditions.reduce(without, search))}
      >
        Clear
      </Button>
    </Group>
  );
}

function valueLabel({ field, value }: Condition): string {
  if (field === "durationMsMin" || field === "durationMsMax") return formatDuration(Number(value));
  if (field === "types" || field === "kinds" || field === "statuses" || field === "severityMin")
    return wordsOf(value);
  return value;
}
