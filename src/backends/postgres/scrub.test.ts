import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { columnsOfDetail, readReport, withoutQuoted } from "./scrub.ts";

describe("columnsOfDetail", () => {
  it.each([
    ["Key (email)=(a@b) already exists.", ["email"]],
    ["Key (email, tenant)=(a, b) already exists.", ["email", "tenant"]],
    ['Key ("a, ""b""", c)=(1, 2) already exists.', ['a, "b"', "c"]],
    ["Key (lower(email), (a + b))=(x, 3) already exists.", ["lower(email)", "(a + b)"]],
    ["Key (a)=(x)=(y) already exists.", ["a"]],
    ["Schlüssel »(email)=(a@b)« existiert bereits.", ["email"]],
    ["Failing row contains (1, secret).", undefined],
    [undefined, undefined],
  ])("%s", (detail, columns) => {
    expect(columnsOfDetail(detail)).toEqual(columns);
  });
});

describe("withoutQuoted", () => {
  it.each([
    ['invalid input syntax for type integer: "secret"', 'invalid input syntax for type integer: "…"'],
    ['value "1" "secret" is out of range', 'value "…" is out of range'],
    ["ungültige Eingabesyntax für Typ integer: »secret«", 'ungültige Eingabesyntax für Typ integer: "…"'],
    ["syntaxe en entrée invalide : « secret »", 'syntaxe en entrée invalide : "…"'],
    ["division by zero", "division by zero"],
  ])("%s", (message, clean) => {
    expect(withoutQuoted(message)).toBe(clean);
  });
});

describe("readReport", () => {
  it("keeps names and removes everything that may hold a value", () => {
    const error = Object.assign(new Error('invalid input syntax for type integer: "canary"'), {
      severity: "ERROR",
      code: "22P02",
      detail: "Key (a)=(canary) exists",
      where: "unnamed portal parameter $1 = 'canary'",
      internalQuery: "select 'canary'",
      table: "users",
      constraint: "users_a_key",
    });
    expect(readReport(error)).toMatchObject({ table: "users", constraint: "users_a_key", columns: ["a"] });
    expect(inspect(error)).not.toContain("canary");
    expect(JSON.stringify(error)).not.toContain("canary");
    expect(error.message).toBe('invalid input syntax for type integer: "…"');
  });
});
