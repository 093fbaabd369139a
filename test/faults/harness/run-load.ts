import { DatabaseManager } from "../../../src/index.ts";
import { checkHistory, type Findings } from "./checker.ts";
import { canary } from "./error-note.ts";
import { endings, type HistoryFolder, type HistoryLine, withHistory } from "./history.ts";
import { Load } from "./load.ts";
import type { LoadPlan, WorkerReport } from "./load-plan.ts";
import { chance } from "./seed.ts";
import { checkRest } from "./sessions.ts";
import type { FaultDatabase } from "./targets.ts";

export interface LoadRun {
  readonly database: FaultDatabase;
  /** Where the workers connect, when it is not the database itself: a proxy. */
  readonly url?: string;
  readonly workers: number;
  readonly poolSize: number;
  readonly plan: Partial<Omit<LoadPlan, "url" | "worker" | "file">>;
  /** Breaks things while the workers run; the load ends when it answers. By then everything is healed. */
  readonly nemesis: (load: Load, folder: HistoryFolder) => Promise<void>;
  /** Whether what the checker finds is of interest only to the caller. */
  readonly name: string;
}

export interface LoadResult extends Findings {
  readonly lines: readonly HistoryLine[];
  readonly reports: readonly WorkerReport[];
  readonly seed: number;
  readonly restMs: number;
}

export const hotIds = ["hot-1", "hot-2", "hot-3"];

/** Runs workers under a nemesis, and checks A, V, P, T, E and X. `broken` of the result must be empty. */
export async function runLoad(run: LoadRun, judge: (result: LoadResult) => void): Promise<LoadResult> {
  const { seed } = chance();
  console.info(`${run.name}: FAULTS_SEED=${seed}`);
  await makeLedger(run.database);
  return await withHistory(async (folder) => {
    const load = await Load.start(folder, run.workers, {
      url: run.url ?? run.database.url,
      seed,
      face: "async",
      clients: 8,
      mix: { create: 3, append: 3, pair: 2, read: 2 },
      hotIds,
      timeout: 2,
      pauseMs: 2,
      retries: 2,
      ...run.plan,
      options: { pool: { maxSize: run.poolSize }, alias: "strata faults", ...run.plan.options },
    });
    try {
      await run.nemesis(load, folder);
      const reports = await load.stop();
      const rest = await checkRest(run.database, run.poolSize * run.workers);
      const lines = folder.lines();
      const findings = await checkHistory(endings(lines), run.database.query);
      const broken = [...findings.broken, ...rest.broken, ...reports.flatMap(brokenIn)];
      const result = { ...findings, broken, lines, reports, seed, restMs: rest.ms };
      if (broken.length > 0) folder.note("broken.txt", broken.join("\n"));
      judge(result);
      return result;
    } finally {
      await load.end();
    }
  });
}

/** The tables are there before anything breaks: making them under faults is a row of its own. */
export async function makeLedger({ backend, url }: FaultDatabase): Promise<void> {
  const db =
    backend === "sqlite"
      ? DatabaseManager.connect("sqlite", { database: url })
      : DatabaseManager.connect(url, { alias: "strata faults setup" });
  try {
    for (const id of hotIds) await db.saveEntity("ledger", { id, mark: "made", secret: canary });
  } finally {
    await db.close();
  }
}

/** P and X of a worker. */
function brokenIn({ pool, uncaught }: WorkerReport): string[] {
  const broken = uncaught.map((error) => `X: uncaught in a worker: ${error}`);
  if (pool === undefined) return broken;
  if (pool.inUse + pool.waiting > 0)
    broken.push(`P: a pool still has ${pool.inUse} in use, ${pool.waiting} waiting`);
  if (pool.size > pool.hardLimit) broken.push(`P: a pool has ${pool.size} connections of ${pool.hardLimit}`);
  return broken;
}
