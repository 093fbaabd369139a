import type { Capabilities } from "../../backend/index.ts";
import type { Face, Queries } from "../../face/index.ts";
import { type Operation, runAsync, runSync } from "../../operation/index.ts";
import type { CaseContext, ConformanceCase } from "./case.ts";

/** A database under test, on one face. */
export interface DatabaseUnderTest {
  readonly face: Face;
  readonly capabilities: Capabilities;
  /** A handle on the database; the options are those of the entity store, beside what it takes to connect. */
  open(options: Readonly<Record<string, unknown>>): Queries<Face>;
  /** Closes what `open` has opened. */
  close(): void | Promise<void>;
}

let casesRun = 0;

/** Runs one case. Rejects when it fails. */
export async function runCase(testCase: ConformanceCase, database: DatabaseUnderTest): Promise<void> {
  casesRun += 1;
  const suffix = casesRun.toString(36);
  const run = <T>(body: () => Operation<T>): T | Promise<T> =>
    database.face === "sync" ? runSync(body()) : runAsync(body());
  const context: CaseContext = {
    db: database.open({}),
    face: database.face,
    capabilities: database.capabilities,
    name: (base) => `${base}_${suffix}`,
    run,
    open: (options) => database.open(options),
  };
  try {
    await run(() => testCase.run(context));
  } finally {
    await database.close();
  }
}
