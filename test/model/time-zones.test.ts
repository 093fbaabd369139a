import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createDatabase } from "../servers/index.ts";
import { moments } from "./fixtures/moments.ts";

const run = promisify(execFile);
const program = join(import.meta.dirname, "fixtures/dates.ts");
const zones = ["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"];
const folder = mkdtempSync(join(tmpdir(), "strata-zones-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Place {
  readonly where: string;
  drop(): void | Promise<void>;
}

const backends = {
  sqlite: async (): Promise<Place> => ({ where: join(folder, "test.db"), drop: () => {} }),
  postgres: () => server("postgres"),
  mysql: () => server("mysql"),
};

async function server(backend: "postgres" | "mysql"): Promise<Place> {
  const found = inject(backend);
  if ("reason" in found) throw new Error(found.reason);
  const { url, drop } = await createDatabase(found);
  return { where: url, drop };
}

function missing(backend: keyof typeof backends): boolean {
  return backend !== "sqlite" && "reason" in inject(backend);
}

describe.each(["sqlite", "postgres", "mysql"] as const)("dates on %s", (backend) => {
  describe.skipIf(missing(backend))("in processes of several time zones", () => {
    let place: Place;
    beforeAll(async () => {
      place = await backends[backend]();
    });
    afterAll(() => place.drop());

    it.each(zones)(
      "are the same moments, written and read in %s",
      { meta: { backend: `${backend}/async` } },
      async (zone) => {
        const entity = `in_${zones.indexOf(zone)}`;
        const env = { ...process.env, TZ: zone };
        const { stdout } = await run(process.execPath, [program, place.where, entity, "in_0"], { env });
        const { own, first, recent } = JSON.parse(stdout);
        const dates = moments.map((at) => [at, at, { at }]);
        for (const readings of [own, first]) {
          expect(readings).toMatchObject({
            typed: dates,
            versions: dates,
            found: moments.map((_, i) => i + 1),
          });
          expect(readings.text.map(([id, at]: readonly unknown[]) => [id, at])).toEqual(
            moments.map((at) => [at, at]),
          );
        }
        expect(recent).toBe(true);
      },
    );
  });
});
