import type { ReactNode } from "react";
import classes from "./PlainTable.module.css";

interface PlainTableProps {
  readonly label: string;
  /** The titles of the columns but for the last, which has what can be done. */
  readonly columns: readonly string[];
  /** The rows, as `tr`. */
  readonly children: ReactNode;
}

/** A short table, whose rows can be acted on. */
export function PlainTable({ label, columns, children }: PlainTableProps) {
  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((each) => (
              <th key={each} scope="col">
                {each}
              </th>
            ))}
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** The cell of a row that takes the room that is left, and breaks its text. */
export function WideCell({ children }: { children: ReactNode }) {
  return <td className={classes.wide}>{children}</td>;
}
