import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TestDatabase } from "../servers/index.ts";
import { emptyDatabase, missing, runFixture } from "./database.ts";

describe.skipIf(missing)("values, in whatever zone the process is", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await emptyDatabase();
  });
  afterEach(() => database.drop());

  it.each([
    ["Asia/Kolkata", -330],
    ["America/St_Johns", 210],
  ])(
    "are read as they were saved in %s",
    async (zone, offset) => {
      const { offset: own, run } = Object(
        await runFixture("fixtures/values.ts", [database.url], { TZ: zone }),
      );
      expect(own).toBe(offset);
      expect(run.length).toBeGreaterThan(5);
    },
    // A blocking connection is a worker that compiles the sources, and each case opens some.
    300_000,
  );
});
