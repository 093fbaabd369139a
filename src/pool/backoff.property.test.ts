import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakePool, later } from "../testing/fake-resource.ts";

const caller = fc.record({ pauseMs: fc.nat(400), timeoutMs: fc.integer({ min: 300, max: 12_000 }) });
const failAfterMs = fc.constantFrom(0, 1, 40, 120);

describe("a pool whose server cannot be reached", () => {
  it("tries to connect within the time of every caller, and never often", async () => {
    const property = fc.asyncProperty(
      fc.array(caller, { minLength: 1, maxLength: 40, size: "max" }),
      failAfterMs,
      fc.constantFrom(10, 1_000, 60_000),
      async (callers, afterMs, connectBackoffMs) => {
        const { pool, clock, resource } = fakePool({ connectBackoffMs, maxConnectBackoffMs: 60_000 });
        const starts: number[] = [];
        resource.onCreate = () => {
          starts.push(clock.now());
          return later(clock, afterMs, new Error("refused"));
        };
        const waits: { readonly fromMs: number; readonly toMs: number }[] = [];
        for (const { pauseMs, timeoutMs } of callers) {
          const fromMs = clock.now();
          Promise.resolve(pool.acquire({ timeoutMs })).catch(() => waits.push({ fromMs, toMs: clock.now() }));
          await clock.advance(pauseMs);
        }
        await clock.advance(13_000);
        expect(waits).toHaveLength(callers.length);
        for (const { fromMs, toMs } of waits) {
          // One that had begun before, and went on, is as good.
          const during = starts.filter((atMs) => atMs + afterMs >= fromMs && atMs <= toMs);
          expect(during.length).toBeGreaterThan(0);
        }
        // After the first few, which come quickly so that a short outage is over quickly.
        const late = starts.filter((atMs) => atMs > (starts[0] ?? 0) + 1_000);
        for (const atMs of late) {
          expect(late.filter((other) => other >= atMs && other < atMs + 1_000).length).toBeLessThanOrEqual(
            10,
          );
        }
      },
    );
    await fc.assert(property, { numRuns: 60 });
  }, 60_000);
});
