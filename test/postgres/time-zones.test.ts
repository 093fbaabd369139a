import { beforeAll, expect, it } from "vitest";
import { describeOnServer, runFixture } from "../server-backends/database.ts";

describeOnServer("moments and days, in whatever zone the process is", "postgres", (place) => {
  let inUtc: Readonly<Record<string, unknown>>;
  const program = new URL("./fixtures/moments.ts", import.meta.url);
  const run = async (zone: string) => {
    const entity = `moments_${zone.replaceAll("/", "_").toLowerCase()}`;
    return Object(await runFixture(program, [place.database.url, entity], { TZ: zone }));
  };
  beforeAll(async () => {
    inUtc = await run("UTC");
  });

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
