/**
 * What lending costs: acquire and release of an idle connection, and of one that many callers want. Run it with
 * `node bench/pool.ts`. Rivals that are not installed are skipped.
 */
import { bench, boxplot, do_not_optimize, run, summary } from "mitata";
import { ConnectionPool, type PoolOptions } from "../src/pool/index.ts";
import { type Lend, rivals } from "./pool-rivals.ts";

const size = 10;
const callers = 100;

function strata(options: PoolOptions = {}): Lend {
  const pool = new ConnectionPool(
    {
      create: () => ({ alive: true }),
      destroy: () => {},
      validate: () => {},
      reset: () => {},
      isUsable: (resource) => resource.alive,
    },
    { maxSize: size, ...options },
  );
  return {
    async once() {
      const lease = await pool.acquire();
      lease.release();
    },
    end: async () => {
      await pool.close();
    },
    plain() {
      const lease = pool.acquire();
      if ("release" in lease) lease.release();
      else throw new Error("expected an idle connection");
    },
  };
}

const ours = strata();
const tracing = strata({ leakThresholdMs: 300_000 });
const contestants = new Map<string, Lend>([["stratadb", ours]]);
for (const rival of rivals) {
  const lend = await rival.make(size);
  if (lend === undefined) console.log(`skipped: ${rival.name} is not installed`);
  else contestants.set(rival.name, lend);
}
for (const lend of [...contestants.values(), tracing]) await lend.once();

summary(() => {
  boxplot(() => {
    bench("stratadb, without await", () => do_not_optimize(ours.plain?.()));
    bench("stratadb, without await, places recorded", () => do_not_optimize(tracing.plain?.()));
    for (const [name, lend] of contestants) {
      bench(`${name}, idle connection`, async () => do_not_optimize(await lend.once()));
    }
  });
});
summary(() => {
  for (const [name, lend] of contestants) {
    bench(`${name}, ${callers} callers for ${size}`, async () => {
      await Promise.all(Array.from({ length: callers }, () => lend.once()));
    });
  }
});

await run();
for (const lend of [...contestants.values(), tracing]) await lend.end();
