type Search = Record<string, unknown>;

/** A text of the URL; nothing if it has none. */
export function textIn<Name extends string>(search: Search, name: Name): { readonly [K in Name]?: string } {
  const value = search[name];
  const text = typeof value === "number" ? String(value) : value;
  return (typeof text === "string" && text !== "" ? { [name]: text } : {}) as { [K in Name]?: string };
}

/** One of some words in the URL; nothing if it has none of them. */
export function choiceIn<Name extends string, Choice extends string>(
  search: Search,
  name: Name,
  choices: readonly Choice[],
): { readonly [K in Name]?: Choice } {
  const found = choices.find((each) => each === search[name]);
  return (found === undefined ? {} : { [name]: found }) as { [K in Name]?: Choice };
}

/** Some of some words in the URL. */
export function textsIn<Name extends string, Choice extends string>(
  search: Search,
  name: Name,
  choices: readonly Choice[],
): { readonly [K in Name]?: Choice[] } {
  const value = search[name];
  const found = choices.filter((each) => Array.isArray(value) && value.includes(each));
  return (found.length === 0 ? {} : { [name]: found }) as { [K in Name]?: Choice[] };
}

/** A whole number of the URL, from 1 on. */
export function numberIn<Name extends string>(search: Search, name: Name): { readonly [K in Name]?: number } {
  const value = Number(search[name]);
  return (Number.isInteger(value) && value > 0 ? { [name]: value } : {}) as { [K in Name]?: number };
}
