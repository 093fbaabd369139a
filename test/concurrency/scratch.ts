import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Database, DatabaseManager, type DatabaseOptions, type SyncDatabase } from "../../src/index.ts";

/** A database file of one test's own. What is opened through it is closed, and the file removed, at the test's end. */
export class Scratch {
  readonly path: string;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "strata-concurrency-"));
    this.path = join(folder, "test.db");
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  }

  /** Durability is not what is tested here, so nothing waits for the disk unless asked to. */
  options(options: Partial<DatabaseOptions> = {}): DatabaseOptions {
    return { synchronous: "off", ...options, database: this.path };
  }

  open(options?: Partial<DatabaseOptions>): Database {
    const db: Database = DatabaseManager.connect("sqlite", this.options(options));
    onTestFinished(() => db.close());
    return db;
  }

  openSync(options?: Partial<DatabaseOptions>): SyncDatabase {
    const db: SyncDatabase = DatabaseManager.connectSync("sqlite", this.options(options));
    onTestFinished(() => db.close());
    return db;
  }
}

/** A door that stays closed until `open` is called. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Waits for a rejection and answers it; fails when there is none. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  const settled = await Promise.allSettled([promise]);
  const [only] = settled;
  if (only?.status !== "rejected") throw new Error("expected a rejection, and the promise was fulfilled");
  return only.reason;
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Promises that were rejected without anybody to handle it, until the test's end. */
export function unhandledRejections(): unknown[] {
  const found: unknown[] = [];
  const record = (reason: unknown) => found.push(reason);
  process.on("unhandledRejection", record);
  onTestFinished(() => {
    process.off("unhandledRejection", record);
  });
  return found;
}

/** Warnings of the process until the test's end. */
export function warnings(): Error[] {
  const found: Error[] = [];
  const record = (warning: Error) => found.push(warning);
  process.on("warning", record);
  onTestFinished(() => {
    process.off("warning", record);
  });
  return found;
}
