import { Radio } from "@mantine/core";
import { useId } from "react";
import classes from "./ConflictCard.module.css";
import { type ConflictField, type Side, textOf } from "./conflict";

interface ConflictFieldsProps {
  readonly fields: readonly ConflictField[];
  readonly taken: Readonly<Record<string, Side>>;
  /** Whether it is still to be decided. */
  readonly isOpen: boolean;
  readonly onTake: (field: string, side: Side) => void;
}

/** Both values of each field side by side, of which one is taken. */
export function ConflictFields({ fields, taken, isOpen, onTake }: ConflictFieldsProps) {
  const group = useId();
  const cell = ({ name, mine, theirs }: ConflictField, side: Side) => {
    const isTaken = (taken[name] ?? "mine") === side;
    const text = textOf(side === "mine" ? mine : theirs);
    return (
      <td>
        {isOpen ? (
          <Radio
            size="xs"
            name={`${group}-${name}`}
            aria-label={`${name}: ${side}`}
            label={text}
            classNames={{ root: classes.value ?? "" }}
            checked={isTaken}
            onChange={() => onTake(name, side)}
          />
        ) : (
          <span className={classes.value}>{text}</span>
        )}
      </td>
    );
  };
  return (
    <table className={classes.fields}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Mine</th>
          <th scope="col">Theirs</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((field) => (
          <tr key={field.name}>
            <th scope="row">
              <span className="mono">{field.name}</span>
              {field.isContested ? "" : " (only mine)"}
            </th>
            {cell(field, "mine")}
            {cell(field, "theirs")}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
