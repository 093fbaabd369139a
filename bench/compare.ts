/**
 * Compares ways to do the same thing. The ways take turns for many short rounds, so that a machine that is slower for
 * a while is slower for all of them; what counts is the ratio of each to the first, as the median over the rounds.
 * Where others use the machine as well, `at best` tells more: the ratio of what each needs in its fastest tenth.
 */
export interface Way {
  readonly name: string;
  /** Does the work `count` times. */
  run(count: number): void | Promise<void>;
}

export interface Comparison {
  readonly title: string;
  /** What one unit of work is, such as `point select`. */
  readonly unit: string;
  /** The first is what the others are measured against. */
  readonly ways: readonly Way[];
  /** Units of work in one round. Default: as many as take about 30 ms. */
  readonly count?: number;
  readonly rounds?: number;
}

export async function compare({ title, unit, ways, count, rounds = 31 }: Comparison): Promise<void> {
  const [first] = ways;
  if (first === undefined) return;
  for (const way of ways) await way.run(count ?? 200);
  const size = count ?? Math.max(1, Math.round((200 * 30) / (await timed(first, 200))));
  const times = ways.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, way] of ways.entries()) times[i]?.push((await timed(way, size)) / size);
  }
  console.log(`\n${title}`);
  for (const [i, way] of ways.entries()) {
    const own = times[i] ?? [];
    const speeds = own.map((time, round) => (times[0]?.[round] ?? time) / time);
    const micros = median(own) * 1000;
    const best = quantile(times[0] ?? [], 0.1) / quantile(own, 0.1);
    console.log(
      `  ${way.name.padEnd(44)} ${micros.toFixed(micros < 10 ? 2 : 0).padStart(9)} µs a ${unit}   speed ${median(speeds).toFixed(2)} (${quantile(speeds, 0.1).toFixed(2)}-${quantile(speeds, 0.9).toFixed(2)}), at best ${best.toFixed(2)}`,
    );
  }
}

/** Does one after the other. */
export function each(name: string, work: (n: number) => unknown): Way {
  return {
    name,
    async run(count) {
      for (let n = 0; n < count; n++) await work(n);
    },
  };
}

/** The work of 64 callers, each of whom waits for its own. */
export function atOnce(name: string, work: (n: number) => unknown): Way {
  return {
    name,
    async run(count) {
      let next = 0;
      const caller = async () => {
        while (next < count) await work(next++);
      };
      await Promise.all(Array.from({ length: 64 }, caller));
    },
  };
}

async function timed(way: Way, count: number): Promise<number> {
  const start = performance.now();
  await way.run(count);
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
