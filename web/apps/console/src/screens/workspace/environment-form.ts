import type { EnvironmentRow } from "@timeloom/client/collections";

/** The bounds of the contract. */
export const NAME_CHARACTERS_MAX = 200;
export const VARIABLES_MAX = 200;

/** A variable while it is being written: names may be empty or the same for a while. */
export interface VariableLine {
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

/** What the form of an environment holds. */
export interface EnvironmentForm
  extends Pick<EnvironmentRow, "name" | "description" | "githubOrganization" | "githubRepository"> {
  readonly variables: readonly VariableLine[];
}

export const NEW_ENVIRONMENT: EnvironmentForm = {
  name: "",
  description: "",
  githubOrganization: "",
  githubRepository: "",
  variables: [],
};

/** The form of an environment as it is. */
export function formOf(environment: EnvironmentRow): EnvironmentForm {
  const { name, description, githubOrganization, githubRepository, variables } = environment;
  const lines = Object.entries(variables ?? {}).sort(([one], [other]) => one.localeCompare(other));
  return {
    name,
    description,
    githubOrganization,
    githubRepository,
    variables: lines.map(([variable, value]) => ({ key: variable, name: variable, value })),
  };
}

/** What of an environment a form changes. */
export function changesOf(environment: EnvironmentRow, form: EnvironmentForm): Partial<EnvironmentRow> {
  const before = formOf(environment);
  const texts = (["name", "description", "githubOrganization", "githubRepository"] as const).filter(
    (name) => form[name] !== before[name],
  );
  const variables = variablesOf(form);
  return {
    ...Object.fromEntries(texts.map((name) => [name, form[name]])),
    ...(!isSame(variables, environment.variables ?? {}) && { variables }),
  };
}

function isSame(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** The variables of a form by name. */
export function variablesOf({ variables }: EnvironmentForm): Record<string, string> {
  return Object.fromEntries(variables.map(({ name, value }) => [name.trim(), value]));
}

/** What is wrong with a form: by field, and for variables by their lines. */
export function violationsOf(form: EnvironmentForm): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  if (form.name.trim() === "") found.name = "is required";
  if (form.name.length > NAME_CHARACTERS_MAX) found.name = `may have ${NAME_CHARACTERS_MAX} characters`;
  const seen = new Set<string>();
  for (const { key, name } of form.variables) {
    if (name.trim() === "") found[key] = "needs a name";
    else if (seen.has(name.trim())) found[key] = "is there twice";
    seen.add(name.trim());
  }
  return found;
}
