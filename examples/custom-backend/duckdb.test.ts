/** Runs the conformance suite against the backend: `node --test duckdb.test.ts`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DatabaseFactory, DatabaseManager } from "stratadb";
import { defineConformance } from "stratadb/testing";
import { duckdbBackend } from "./duckdb-backend.ts";

DatabaseFactory.register(duckdbBackend);

defineConformance(
  { describe, it, beforeAll: before, afterAll: after },
  {
    backend: duckdbBackend,
    prepare() {
      const folder = mkdtempSync(join(tmpdir(), "duckdb-"));
      return {
        open: (_face, options) =>
          DatabaseManager.connect("duckdb", { database: join(folder, "test.duckdb"), ...options }),
        dispose: () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  },
);
