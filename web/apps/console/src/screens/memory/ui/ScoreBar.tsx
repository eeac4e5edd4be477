import type { CSSProperties } from "react";
import { colourOf } from "../../../ui/series-colours";
import { type ScorePart, type ScoreParts, sentenceOf } from "../lib/score";
import classes from "./ScoreBar.module.css";

function colourVariable(place: number): CSSProperties {
  return { "--part": colourOf(place) } as CSSProperties;
}

/** A score as a bar whose parts are what was added up. */
export function ScoreBar({ parts, scale }: { parts: ScoreParts; scale: number }) {
  return (
    <div className={classes.bar} role="img" aria-label={sentenceOf(parts)}>
      {parts.added.map(
        (each, place) =>
          each.contribution > 0 && (
            <span
              key={each.name}
              className={classes.part}
              title={`${each.label}: ${each.contribution.toFixed(3)}`}
              style={{
                ...colourVariable(place),
                flexBasis: `${(100 * each.contribution * parts.factor) / scale}%`,
              }}
            />
          ),
      )}
    </div>
  );
}

/** What each part of a score measured, and what that did to it. */
export function ScoreTable({ parts }: { parts: ScoreParts }) {
  return (
    <table className={classes.table} aria-label="How the score came to be">
      <thead>
        <tr>
          <th scope="col" className={classes.title}>
            Part
          </th>
          <th scope="col" className={`${classes.title} ${classes.number}`}>
            Measured
          </th>
          <th scope="col" className={`${classes.title} ${classes.number}`}>
            Effect
          </th>
        </tr>
      </thead>
      <tbody>
        {parts.added.map((each, place) => (
          <PartRow key={each.name} part={each} place={place} effect={`+ ${each.contribution.toFixed(3)}`} />
        ))}
        <Total label="Added up" value={parts.sum} />
        {parts.boosts.map((each) => (
          <PartRow key={each.name} part={each} effect={`× ${each.contribution.toFixed(3)}`} />
        ))}
        <Total label="Score" value={parts.score} />
      </tbody>
    </table>
  );
}

function PartRow({ part, place, effect }: { part: ScorePart; place?: number; effect: string }) {
  return (
    <tr>
      <th scope="row">
        {place !== undefined && <span className={classes.swatch} style={colourVariable(place)} aria-hidden />}
        {part.label}
        <span className={classes.words}>
          {part.words}
          {part.rank > 0 && `; number ${part.rank} by this alone`}
        </span>
      </th>
      <td className={classes.number}>{part.value.toFixed(2)}</td>
      <td className={classes.number}>{effect}</td>
    </tr>
  );
}

function Total({ label, value }: { label: string; value: number }) {
  return (
    <tr>
      <th scope="row" colSpan={2} className={classes.total}>
        {label}
      </th>
      <td className={`${classes.number} ${classes.total}`}>{value.toFixed(3)}</td>
    </tr>
  );
}
