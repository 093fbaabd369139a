import type { Database, SyncDatabase } from "../../../src/index.ts";
import { canary } from "./error-note.ts";

/** How the library is called: with promises, or by callers who block their thread. */
export type CallingFace = "async" | "sync";

/** The operations of a load, on either face. Times are seconds. */
export interface Caller {
  /** Saves a record of its own or a shared one, and answers its version. */
  save(id: string, mark: string, timeout: number): Promise<number>;
  /** Saves two records, both or none. */
  pair(id: string, mark: string, timeout: number, retries: number): Promise<void>;
  /** Answers `mark` as the server says it. */
  read(mark: string, timeout: number): Promise<unknown>;
}

const readSql = "SELECT LOWER(?)";

function record(id: string, mark: string) {
  return { id, mark, secret: canary };
}

export function asyncCaller(db: Database): Caller {
  return {
    save: async (id, mark, timeout) => (await db.saveEntity("ledger", record(id, mark), { timeout })).version,
    pair: (id, mark, timeout, retries) =>
      db.transaction(
        async (tx) => {
          await tx.saveEntity("ledger", record(`${id}-a`, mark), { timeout });
          await tx.saveEntity("ledger", record(`${id}-b`, mark), { timeout });
        },
        { timeout, retries },
      ),
    read: async (mark, timeout) => (await db.execute(readSql, [mark], { timeout }))[0]?.[0],
  };
}

export function syncCaller(db: SyncDatabase): Caller {
  return {
    async save(id, mark, timeout) {
      return db.saveEntity("ledger", record(id, mark), { timeout }).version;
    },
    async pair(id, mark, timeout, retries) {
      db.transaction(
        (tx) => {
          tx.saveEntity("ledger", record(`${id}-a`, mark), { timeout });
          tx.saveEntity("ledger", record(`${id}-b`, mark), { timeout });
        },
        { timeout, retries },
      );
    },
    async read(mark, timeout) {
      return db.execute(readSql, [mark], { timeout })[0]?.[0];
    },
  };
}
