import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, it, vi } from "vitest";
import { runAsync, runSync } from "../../src/operation/index.ts";
import { type Prepared, type Target, targets } from "../conformance/targets.ts";
import { commands } from "./commands.ts";
import { Player, type Stage } from "./player.ts";

/** In CI always the same scripts, so that a change is judged by itself; elsewhere others each time. */
const isCi = process.env.CI === "true";
const chosen = isCi ? 20_261 : Math.trunc(Math.random() * 2 ** 31);
const seed = Number(process.env.STRATA_TEST_SEED ?? chosen);
const runs = Number(process.env.STRATA_TEST_RUNS ?? (isCi ? 40 : 0));
const limitMs = 4_000;

const settings = [
  { unchangedSaves: "skip", history: "full" },
  { unchangedSaves: "version", history: "full" },
  { unchangedSaves: "skip", history: "delta" },
  { unchangedSaves: "version", history: "delta" },
] as const satisfies readonly Stage["settings"][];

/** Plays random commands on a backend and on the reference. A failing one is repeated with the seed that is shown. */
export function defineModelTests(backend: Target["backend"]): void {
  for (const target of targets.filter((candidate) => candidate.backend === backend)) {
    describe.skipIf(target.missing !== undefined)(`${target.name}: random commands, seed ${seed}`, () => {
      let prepared: Prepared;
      beforeAll(async () => {
        prepared = await target.prepare();
      });
      afterEach(() => {
        vi.useRealTimers();
      });
      afterAll(() => prepared.dispose());

      it("answers and holds what the reference does", {
        meta: { backend: target.name },
        timeout: 600_000,
      }, async () => {
        vi.useFakeTimers({ toFake: ["Date"] });
        const database = prepared.database();
        const run: Stage["run"] = (body) => (database.face === "sync" ? runSync(body()) : runAsync(body()));
        // Durability is not what is tested, and waiting for the disk takes nearly all of the time.
        const fast = backend === "sqlite" ? { synchronous: "off" } : {};
        const handles = new Map(settings.map((chosen) => [chosen, database.open({ ...fast, ...chosen })]));
        let played = 0;
        const property = fc.asyncProperty(fc.constantFrom(...settings), commands, async (chosen, script) => {
          const db = handles.get(chosen) ?? database.open(fast);
          const entity = `things_${played++}`;
          const player = new Player({
            db,
            entity,
            capabilities: database.capabilities,
            settings: chosen,
            run,
          });
          await run(() => player.play(script));
        });
        try {
          const limits =
            runs > 0 ? { numRuns: runs } : { numRuns: 100_000, interruptAfterTimeLimit: limitMs };
          await fc.assert(property, { seed, ...limits });
        } finally {
          await database.close();
        }
        console.info(`model ${target.name}: ${played} scripts, seed ${seed}`);
      });
    });
  }
}
