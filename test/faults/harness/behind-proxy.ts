import { afterAll, beforeAll, describe } from "vitest";
import { type Database, DatabaseManager, type DatabaseOptions } from "../../../src/index.ts";
import { FaultProxy } from "./proxy.ts";
import {
  type FaultDatabase,
  missing,
  type ServerBackend,
  serverBackends,
  sharedDatabase,
  through,
} from "./targets.ts";

/** A database on the other side of a proxy, on one connection, of which each failure is seen. */
export interface BehindProxy {
  readonly backend: ServerBackend;
  /** Why there is none; undefined where there is one. */
  readonly reason: string | undefined;
  /** What no caller was told of, since the beginning or since somebody emptied it. */
  readonly uncaught: string[];
  readonly proxy: FaultProxy;
  readonly db: Database;
}

/** Describes cases for each server. `proxy` and `db` are there from the first `beforeAll` of the cases on. */
export function describeBehindProxy(
  name: string,
  options: Partial<DatabaseOptions>,
  cases: (behind: BehindProxy) => void,
): void {
  describe.each(serverBackends)(name, (backend) => {
    const reason = missing(backend);
    const uncaught: string[] = [];
    const note = (error: unknown) => uncaught.push(String(error));
    let opened: { database: FaultDatabase; proxy: FaultProxy; db: Database } | undefined;
    const present = () => {
      if (opened === undefined) throw new Error(reason ?? "the database is opened when the cases begin");
      return opened;
    };

    beforeAll(async () => {
      if (reason !== undefined) return;
      process.on("uncaughtException", note);
      process.on("unhandledRejection", note);
      const database = await sharedDatabase(backend);
      const proxy = await FaultProxy.start(Number(new URL(database.url).port));
      const db = DatabaseManager.connect(through(database.url, proxy.port), {
        alias: "strata faults",
        circuitBreaker: false,
        retry: false,
        pool: { maxSize: 1 },
        ...options,
      });
      opened = { database, proxy, db };
    });
    afterAll(async () => {
      process.off("uncaughtException", note);
      process.off("unhandledRejection", note);
      await opened?.db.close({ timeout: 1 });
      await opened?.proxy.close();
      await opened?.database.drop();
    });

    cases({
      backend,
      reason,
      uncaught,
      get proxy() {
        return present().proxy;
      },
      get db() {
        return present().db;
      },
    });
  });
}
