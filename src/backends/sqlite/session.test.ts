import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runSync } from "../../operation/index.ts";
import { openInline } from "./connect.ts";
import type { SqliteConnection } from "./driver.ts";
import { toDatabaseError } from "./errors.ts";
import { parseSqliteOptions } from "./options.ts";
import { checkPath, fileKey, isPrivate } from "./session.ts";
import { blockingPauses } from "./waits.ts";
import { openTurns } from "./write-turn.ts";

const folder = mkdtempSync(join(tmpdir(), "strata-sqlite-session-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const limits = { timeoutMs: 1_000 };
const write = { text: "CREATE TABLE t (a)", readOnly: false, reusable: false };

function open(database: string, options = {}): SqliteConnection {
  return runSync(openInline({ database, connectTimeoutMs: 500, options }, blockingPauses));
}

function failureOf(work: () => unknown): ReturnType<typeof toDatabaseError> {
  try {
    work();
  } catch (error) {
    return toDatabaseError(error, { operation: "connect" });
  }
  throw new Error("expected a failure, got none");
}

/** Runs `work` without the rights of root, who may write to every file. */
function asSomebody(work: () => void): void {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    work();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

describe("opening a database", () => {
  it.each(["", ":memory:"])("makes one of its own for %o", (database) => {
    const [a, b] = [open(database), open(database)];
    a.execute(write, [], limits);
    b.execute(write, [], limits);
    a.close();
    b.close();
  });

  it("makes a missing file, unless it must exist", () => {
    const path = join(folder, "made.db");
    const missing = failureOf(() => open(path, { fileMustExist: true }));
    expect(missing).toMatchObject({
      name: "ConnectionError",
      code: "STRATA_CONNECTION_REFUSED",
      outcome: "not_sent",
    });
    expect(failureOf(() => open(path, { readOnly: true })).name).toBe("ConnectionError");
    open(path).close();
    open(path, { fileMustExist: true }).close();
    open(path, { readOnly: true }).close();
  });

  it("says that the folder is missing", () => {
    const error = failureOf(() => open(join(folder, "no", "a.db")));
    expect(error).toMatchObject({ name: "ConfigurationError", outcome: "not_sent" });
    expect(error.message).toContain("make the folder");
    expect(existsSync(join(folder, "no"))).toBe(false);
  });

  it("refuses a file that is no database, and one that is damaged, and leaves nothing behind", () => {
    const path = join(folder, "text.db");
    writeFileSync(path, "no database at all ".repeat(500));
    for (const options of [{}, { readOnly: true }, { journalMode: "delete" }]) {
      expect(failureOf(() => open(path, options))).toMatchObject({
        name: "StorageError",
        outcome: "not_sent",
      });
    }
    expect(openTurns()).toBe(0);
  });

  it("refuses a folder", () => {
    expect(failureOf(() => open(folder)).name).toBe("ConnectionError");
  });

  it("refuses a file that may not be written to, and reads it when asked to", () => {
    const path = join(folder, "locked.db");
    open(path, { journalMode: "delete" }).close();
    chmodSync(path, 0o444);
    chmodSync(folder, 0o755);
    asSomebody(() => {
      expect(failureOf(() => open(path)).name).toBe("ReadOnlyError");
      open(path, { readOnly: true }).close();
    });
  });

  it.each([
    ["file:a.db?mode=ro", {}, "file: URL"],
    [" a.db", {}, "space around it"],
    ["a\0.db", {}, "NUL"],
    [":memory:", { readOnly: true }, "there must be a file"],
    ["", { fileMustExist: true }, "there must be a file"],
  ])("refuses the name %o with %o", (path, options, message) => {
    expect(() => checkPath(path, parseSqliteOptions(options))).toThrow(message);
    expect(failureOf(() => open(path, options)).name).toBe("ConfigurationError");
  });

  it("knows one file by every path to it", () => {
    mkdirSync(join(folder, "real"));
    const path = join(folder, "real", "a.db");
    open(path).close();
    symlinkSync(join(folder, "real"), join(folder, "linked"));
    expect(fileKey(join(folder, "linked", "a.db"))).toBe(fileKey(path));
    expect(fileKey(join(folder, "real", "..", "real", "a.db"))).toBe(fileKey(path));
    expect(fileKey(":memory:")).toBeNull();
    expect([isPrivate(""), isPrivate(":memory:"), isPrivate(path)]).toEqual([true, true, false]);
  });
});
