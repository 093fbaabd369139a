import { describe, expect, it } from "vitest";
import { UnsupportedError } from "../../errors/index.ts";
import { checkServer, serverFacts } from "./server-facts.ts";

function facts(mariaDb: boolean, major: number, minor: number, patch: number) {
  return serverFacts({ serverVersion: { raw: "", mariaDb, major, minor, patch } });
}

describe("what is known of a server", () => {
  it("follows from flavour and version", () => {
    expect(facts(true, 10, 11, 19)).toMatchObject({
      name: "MariaDB 10.11.19",
      flavour: "mariadb",
      insertReturning: true,
      jsonType: false,
      insertAlias: false,
      beginNotAtomic: true,
    });
    expect(facts(true, 10, 4, 30).insertReturning).toBe(false);
    expect(facts(false, 8, 4, 3)).toMatchObject({
      name: "MySQL 8.4.3",
      flavour: "mysql",
      insertReturning: false,
      jsonType: true,
      insertAlias: true,
      beginNotAtomic: false,
      functionalIndexes: true,
    });
    expect(facts(false, 8, 0, 18).insertAlias).toBe(false);
    expect(facts(false, 9, 0, 0)).toMatchObject({ insertAlias: true, instantAddColumn: true });
  });

  it("refuses servers that are too old", () => {
    for (const [mariaDb, major, minor, patch] of [
      [true, 10, 3, 39],
      [true, 5, 5, 60],
      [false, 5, 7, 44],
      [false, 8, 0, 16],
    ] as const) {
      expect(() => checkServer(facts(mariaDb, major, minor, patch))).toThrow(UnsupportedError);
    }
    for (const [mariaDb, major, minor, patch] of [
      [true, 10, 4, 0],
      [true, 11, 0, 0],
      [false, 8, 0, 17],
      [false, 9, 1, 0],
    ] as const) {
      expect(() => checkServer(facts(mariaDb, major, minor, patch))).not.toThrow();
    }
  });
});
