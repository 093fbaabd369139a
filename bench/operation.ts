/**
 * What the kernel costs: an operation of three waits against an async function of three awaits.
 * Run it with `node bench/operation.ts`; read the ratios, not the times.
 */
import { bench, do_not_optimize, run, summary } from "mitata";
import { type Awaitable, type Operation, runAsync, runSync, wait } from "../src/operation/index.ts";

const plain = (value: number): Awaitable<number> => value;
const promised = (value: number): Awaitable<number> => Promise.resolve(value);

async function threeAwaits(answer: typeof plain): Promise<number> {
  return (await answer(1)) + (await answer(2)) + (await answer(3));
}

function* threeWaits(answer: typeof plain): Operation<number> {
  return (yield* wait(answer(1))) + (yield* wait(answer(2))) + (yield* wait(answer(3)));
}

function* oneLevelMore(answer: typeof plain): Operation<number> {
  return yield* threeWaits(answer);
}

summary(() => {
  bench("async function, promises", async () => do_not_optimize(await threeAwaits(promised))).baseline();
  bench("async function, plain answers", async () => do_not_optimize(await threeAwaits(plain)));
  bench("runAsync, promises", async () => do_not_optimize(await runAsync(threeWaits(promised))));
  bench("runAsync, plain answers", async () => do_not_optimize(await runAsync(threeWaits(plain))));
  bench("runAsync, plain answers, one level of yield* more", async () =>
    do_not_optimize(await runAsync(oneLevelMore(plain))),
  );
  bench("runSync", () => do_not_optimize(runSync(threeWaits(plain))));
});

await run();
