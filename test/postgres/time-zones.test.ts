import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestDatabase } from "../servers/index.ts";
import { emptyDatabase, missing, runFixture } from "./database.ts";

describe.skipIf(missing)("moments and days, in whatever zone the process is", () => {
  let database: TestDatabase;
  let inUtc: Readonly<Record<string, unknown>>;
  const run = async (zone: string) => {
    const entity = `moments_${zone.replaceAll("/", "_").toLowerCase()}`;
    return Object(await runFixture("moments", [database.url, entity], { env: { TZ: zone } }));
  };
  beforeAll(async () => {
    database = await emptyDatabase();
    inUtc = await run("UTC");
  });
  afterAll(() => database.drop());

  it("reads what was saved", () => {
    expect(inUtc).toMatchObject({
      zone: 0,
      found: ["m1"],
      own: [
        "2024-03-10",
        "2024-03-10 02:30:00",
        "2024-03-10T02:30:00.000Z",
        "02:30:00",
        "1 day",
        "2024-03-10 02:30:00.123",
        ["2024-03-10"],
        "2024-03-10",
      ],
    });
    expect(inUtc.read).toEqual(inUtc.asText);
    expect(inUtc.read).toContain("2024-03-10T05:29:59.999Z");
  });

  it.each([
    ["Asia/Kolkata", -330],
    ["America/St_Johns", 210],
    ["Pacific/Kiritimati", 640],
  ])("reads the same in %s", async (zone, offset) => {
    expect(await run(zone)).toEqual({ ...inUtc, zone: offset });
  });
});
