import type { EnvironmentRow } from "@timeloom/client/collections";
import { describe, expect, it } from "vitest";
import { changesOf, formOf, NEW_ENVIRONMENT, violationsOf } from "./environment-form";

const environment: EnvironmentRow = {
  id: "a",
  name: "staging",
  description: "",
  githubOrganization: "",
  githubRepository: "",
  variables: { PORT: "8080", HOST: "here" },
  secretNames: [],
  userId: "",
  version: 1,
  clock: "",
};
const line = (name: string, value = "") => ({ key: `${name}-${value}`, name, value });

describe("the form of an environment", () => {
  it("has its variables by name, and changes nothing by itself", () => {
    const form = formOf(environment);
    expect(form.variables.map(({ name }) => name)).toEqual(["HOST", "PORT"]);
    expect(changesOf(environment, form)).toEqual({});
  });

  it("sends all variables when one of them is changed", () => {
    const form = { ...formOf(environment), name: "live", variables: [line("HOST", "there")] };
    expect(changesOf(environment, form)).toEqual({ name: "live", variables: { HOST: "there" } });
  });

  it("says what is wrong at its field or line", () => {
    expect(
      violationsOf({ ...NEW_ENVIRONMENT, variables: [line("A", "1"), line("A", "2"), line("")] }),
    ).toEqual({
      name: "is required",
      "A-2": "is there twice",
      "-": "needs a name",
    });
    expect(violationsOf({ ...NEW_ENVIRONMENT, name: "x".repeat(201) }).name).toContain("200");
  });
});
