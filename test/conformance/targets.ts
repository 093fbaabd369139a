import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import type { Capabilities } from "../../src/backend/index.ts";
import { mysqlBackend } from "../../src/backends/mysql/index.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import { sqliteBackend } from "../../src/backends/sqlite/index.ts";
import type { Face } from "../../src/face/index.ts";
import { vouchSchema } from "../../src/face/vouch.ts";
import { DatabaseManager } from "../../src/index.ts";
import type { DatabaseUnderTest } from "../../src/testing/conformance/run.ts";
import { createDatabase, findPgbouncer, isMissing, startPgbouncer } from "../servers/index.ts";

type Settings = Readonly<Record<string, unknown>>;

export interface Prepared {
  /** A way to open handles on the database. Those that were opened are closed by its `close`. */
  database(): DatabaseUnderTest;
  dispose(): void | Promise<void>;
}

/** One backend on one face, and how to reach a database of it. */
export interface Target {
  readonly name: string;
  readonly backend: "sqlite" | "postgres" | "mysql" | "pgbouncer";
  readonly face: Face;
  /** Why it cannot be tested on this machine; undefined when it can. */
  readonly missing: string | undefined;
  /** Makes an empty database for one test file. */
  prepare(): Prepared | Promise<Prepared>;
}

function underTest(
  face: Face,
  capabilities: Capabilities,
  connect: { async(options: Settings): Closing; sync(options: Settings): Closing },
): DatabaseUnderTest {
  const opened: Closing[] = [];
  return {
    face,
    capabilities,
    open: (options) => {
      const handle = connect[face](options);
      opened.push(handle);
      return vouchSchema<Face>(handle);
    },
    close: async () => {
      for (const handle of opened) await handle.close();
    },
  };
}

interface Closing {
  close(): void | Promise<void>;
}

function sqlite(name: string, face: Face, settings: Settings): Target {
  return {
    name: `sqlite${name}/${face}`,
    backend: "sqlite",
    face,
    missing: undefined,
    prepare() {
      const folder = mkdtempSync(join(tmpdir(), "strata-test-"));
      const database = join(folder, "test.db");
      return {
        database: () =>
          underTest(face, sqliteBackend.capabilities, {
            async: (options) => DatabaseManager.connect("sqlite", { database, ...settings, ...options }),
            sync: (options) => DatabaseManager.connectSync("sqlite", { database, ...settings, ...options }),
          }),
        dispose: () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  };
}

function server(backend: "postgres" | "mysql", face: Face, settings: Settings): Target {
  const found = inject(backend);
  const { capabilities } = backend === "postgres" ? postgresBackend : mysqlBackend;
  return {
    name: `${backend}/${face}`,
    backend,
    face,
    missing: "reason" in found ? found.reason : undefined,
    async prepare() {
      if ("reason" in found) throw new Error(found.reason);
      const { url, drop } = await createDatabase(found);
      return {
        database: () =>
          underTest(face, capabilities, {
            async: (options) => DatabaseManager.connect(url, { ...settings, ...options }),
            sync: (options) => DatabaseManager.connectSync(url, { ...settings, ...options }),
          }),
        dispose: drop,
      };
    },
  };
}

/** PostgreSQL through a PgBouncer in transaction mode, where each transaction may meet another session. */
function pgbouncer(face: Face): Target {
  const found = inject("postgres");
  const command = findPgbouncer();
  const absent = [found, command].find((part) => typeof part !== "string" && "reason" in part);
  const required = process.env.STRATA_TEST_REQUIRE_SERVERS === "1";
  return {
    name: `pgbouncer/${face}`,
    backend: "pgbouncer",
    face,
    missing: typeof absent === "object" && "reason" in absent && !required ? absent.reason : undefined,
    async prepare() {
      if ("reason" in found) throw new Error(found.reason);
      const { url, drop } = await createDatabase(found);
      const bouncer = await startPgbouncer(found);
      if (isMissing(bouncer)) throw new Error(bouncer.reason);
      const through = new URL(bouncer.url);
      through.pathname = new URL(url).pathname;
      const settings = { pooler: "transaction" };
      return {
        database: () =>
          underTest(face, postgresBackend.capabilities, {
            async: (options) => DatabaseManager.connect(through.href, { ...settings, ...options }),
            sync: (options) => DatabaseManager.connectSync(through.href, { ...settings, ...options }),
          }),
        async dispose() {
          await bouncer.close();
          await drop();
        },
      };
    },
  };
}

/** Every backend on every face. */
export const targets: readonly Target[] = [
  sqlite("", "async", {}),
  sqlite("", "sync", {}),
  sqlite("+process", "async", { isolation: "process" }),
  sqlite("+process", "sync", { isolation: "process" }),
  server("postgres", "async", {}),
  server("postgres", "sync", {}),
  server("mysql", "async", {}),
  server("mysql", "sync", {}),
  pgbouncer("async"),
  pgbouncer("sync"),
];
