const WORD = /\p{L}[\p{L}\p{N}]{2,}/gu;

/** The words that tell each group of texts from the others, most telling first. */
export function termsOf(texts: readonly string[], labels: ArrayLike<number>, count: number): string[][] {
  const everywhere = new Map<string, number>();
  const groups: { size: number; having: Map<string, number> }[] = [];
  texts.forEach((text, index) => {
    const label = labels[index] ?? 0;
    groups[label] ??= { size: 0, having: new Map() };
    const group = groups[label];
    group.size += 1;
    for (const word of new Set(text.toLowerCase().match(WORD))) {
      everywhere.set(word, (everywhere.get(word) ?? 0) + 1);
      group.having.set(word, (group.having.get(word) ?? 0) + 1);
    }
  });
  return Array.from(groups, (group) => {
    if (group === undefined) return [];
    const telling = ([word, here]: readonly [string, number]) =>
      (here / group.size) * Math.log(1 + texts.length / (everywhere.get(word) ?? 1));
    return [...group.having]
      .filter(([, here]) => here > 1 || group.size === 1)
      .sort((left, right) => telling(right) - telling(left) || left[0].localeCompare(right[0]))
      .slice(0, count)
      .map(([word]) => word);
  });
}
