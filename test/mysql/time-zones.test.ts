import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emptyDatabase, isMissing, runFixture } from "../server-backends/database.ts";
import type { TestDatabase } from "../servers/index.ts";

const program = new URL("./fixtures/values.ts", import.meta.url);

describe.skipIf(isMissing("mysql"))("values, in whatever zone the process is", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await emptyDatabase("mysql");
  });
  afterEach(() => database.drop());

  it.each([
    ["Asia/Kolkata", -330],
    ["America/St_Johns", 210],
  ])(
    "are read as they were saved in %s",
    async (zone, offset) => {
      const { offset: own, run } = Object(await runFixture(program, [database.url], { TZ: zone }));
      expect(own).toBe(offset);
      expect(run.length).toBeGreaterThan(5);
    },
    // A blocking connection is a worker that compiles the sources, and each case opens some.
    300_000,
  );
});
