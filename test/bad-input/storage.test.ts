import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Face, Queries } from "../../src/face/index.ts";
import { vouchSchema } from "../../src/face/vouch.ts";
import { type DatabaseError, DatabaseManager } from "../../src/index.ts";
import { expectRefusal, faces, folder, refusal } from "./bench.ts";

type Db = Queries<Face>;

function open(face: Face, database: string, options: Readonly<Record<string, unknown>> = {}): Db {
  const all = { database, synchronous: "off", connectionAcquisitionTimeout: 5, ...options };
  const db =
    face === "async" ? DatabaseManager.connect("sqlite", all) : DatabaseManager.connectSync("sqlite", all);
  onTestFinished(() => db.close());
  return vouchSchema<Face>(db);
}

/** A file with some hundred records, as it is when nobody has it open. */
async function filled(path: string, records = 300): Promise<string> {
  using db = DatabaseManager.connectSync("sqlite", { database: path, synchronous: "off" });
  db.saveEntities(
    "users",
    Array.from({ length: records }, (_, n) => ({ id: `u${n}`, name: "x".repeat(400) })),
  );
  return path;
}

/** Answers how long the refusal took, too: nothing that cannot succeed is tried again and again. */
async function quickRefusal(face: Face, work: () => unknown): Promise<DatabaseError> {
  const startedMs = performance.now();
  const error = await refusal(face, work);
  expect(performance.now() - startedMs).toBeLessThan(2000);
  return error;
}

/** A file system of its own in memory; undefined when this user may not make one. */
function mounted(size: string): string | undefined {
  const path = join(folder(), "mounted");
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync("umount", ["--lazy", path], { stdio: "ignore" });
  });
  return path;
}

describe.each(faces)("a file on the %s face", (face) => {
  const meta = { backend: `sqlite/${face}` };

  it("that is opened for reading only refuses writes, and is read", { meta }, async () => {
    const path = await filled(join(folder(), "test.db"));
    const before = readFileSync(path);
    const db = open(face, path, { readOnly: true });
    expect(await db.countEntities("users")).toBe(300);
    for (const work of [
      () => db.saveEntity("users", { id: "u1", name: "y" }),
      () => db.saveEntity("users", { fresh: 1 }),
      () => db.saveEntity("newcomers", { n: 1 }),
      () => db.saveEntities("users", [{ id: "u1", name: "y" }, { name: "z" }]),
      () => db.deleteEntity("users", "u1"),
      () => db.execute("DELETE FROM [users]"),
      () => db.executemany("DELETE FROM [users] WHERE [id] = ?", [["u1"]]),
    ]) {
      const error = await quickRefusal(face, work);
      expectRefusal(error, { code: "STRATA_READ_ONLY", says: /readOnly|read-only|readonly/ });
      expect(["rejected", "rolled_back", "not_sent"]).toContain(error.outcome);
    }
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(await db.countEntities("users")).toBe(300);
  });

  it("that is missing, and must exist, is not made", { meta }, async () => {
    const path = join(folder(), "missing.db");
    for (const options of [{ readOnly: true }, { fileMustExist: true }]) {
      const error = await quickRefusal(face, () => open(face, path, options).ping());
      expectRefusal(error, { code: "STRATA_CONNECTION_REFUSED", says: /unable to open database file/ });
      expect(error.outcome).toBe("not_sent");
    }
    expect(() => statSync(path)).toThrow("ENOENT");
  });

  it.each([
    [
      "a folder that is missing",
      "STRATA_CONFIGURATION",
      /directory does not exist/,
      (inside: string) => join(inside, "missing", "test.db"),
    ],
    [
      "a folder itself",
      "STRATA_CONNECTION_REFUSED",
      /check that the path is a file/,
      (inside: string) => {
        mkdirSync(join(inside, "sub"));
        return join(inside, "sub");
      },
    ],
    [
      "below a file",
      "STRATA_CONNECTION_REFUSED",
      /check that the path is a file/,
      (inside: string) => {
        writeFileSync(join(inside, "file"), "");
        return join(inside, "file", "test.db");
      },
    ],
  ] as const)("that is %s is refused at once", { meta }, async (_, code, says, path) => {
    const db = open(face, path(folder()));
    const error = await quickRefusal(face, () => db.saveEntity("users", { name: "Ann" }));
    expect([error.code, error.message, error.outcome]).toEqual([
      code,
      expect.stringMatching(says),
      "not_sent",
    ]);
  });

  it.each([
    ["text", Buffer.from("this is no database, but it is long enough to be one ".repeat(200))],
    ["noise", Buffer.alloc(8192, 0xa5)],
    [
      "the first bytes of a database only",
      Buffer.from("SQLite format 3\0 and then nothing that belongs there"),
    ],
  ])("that holds %s is refused, and left as it is", { meta }, async (_, content) => {
    const path = join(folder(), "test.db");
    writeFileSync(path, content);
    const db = open(face, path);
    const error = await quickRefusal(face, () => db.saveEntity("users", { name: "Ann" }));
    expectRefusal(error, { code: "STRATA_STORAGE", says: /file is not a database|malformed/ });
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it("that was cut in the middle is reported as damaged, in reads and in writes", { meta }, async () => {
    const path = await filled(join(folder(), "test.db"));
    truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
    const db = open(face, path);
    const reading = await quickRefusal(face, () => db.findEntities("users"));
    expectRefusal(reading, { code: "STRATA_STORAGE", says: /malformed/ });
    const writing = await quickRefusal(face, () =>
      db.saveEntities(
        "users",
        Array.from({ length: 300 }, (_, n) => ({ id: `u${n}`, name: "new" })),
      ),
    );
    expectRefusal(writing, { code: "STRATA_STORAGE", says: /malformed/ });
    expect(writing.outcome).not.toBe("unknown");
  });

  it("that was damaged inside is reported as damaged", { meta }, async () => {
    const path = await filled(join(folder(), "test.db"));
    const content = readFileSync(path);
    content.fill(0xff, 4096);
    writeFileSync(path, content);
    const error = await quickRefusal(face, () => open(face, path).findEntities("users"));
    expectRefusal(error, { code: "STRATA_STORAGE", says: /malformed/ });
  });

  it("that may not grow keeps what it has: a save that does not fit is undone whole", { meta }, async () => {
    const db = open(face, join(folder(), "test.db"), { pool: { maxSize: 1, maxOverflow: 0 } });
    await db.saveEntity("users", { id: "first", name: "Ann" });
    const [pages] = await db.execute("PRAGMA page_count");
    const fill = () =>
      db.saveEntities(
        "users",
        Array.from({ length: 500 }, (_, n) => ({ id: `u${n}`, name: "x".repeat(1000) })),
      );
    await limitPages(db, Number(pages?.[0]) + 3, async () => {
      const error = await quickRefusal(face, fill);
      expectRefusal(error, { code: "STRATA_STORAGE", says: /full/ });
      expect(error.outcome).toBe("rolled_back");
      expect(await db.countEntities("users")).toBe(1);
      expect(await db.getEntityHistory("users", "u0")).toEqual([]);
    });
    await fill();
    expect(await db.countEntities("users")).toBe(501);
    expect((await db.execute("PRAGMA integrity_check"))[0]).toEqual(["ok"]);
  });

  it("on a full disk keeps what it has, and is used again when there is room", { meta }, async ({ skip }) => {
    const disk = mounted("2m");
    if (disk === undefined) return skip("this user may not mount a file system");
    const db = open(face, join(disk, "test.db"));
    await db.saveEntity("users", { id: "first", name: "Ann" });
    writeFileSync(join(disk, "ballast"), Buffer.alloc(1_400_000));
    const fill = () =>
      db.saveEntities(
        "users",
        Array.from({ length: 400 }, (_, n) => ({ id: `u${n}`, name: "x".repeat(1000) })),
      );
    const error = await quickRefusal(face, fill);
    expectRefusal(error, { code: "STRATA_STORAGE", says: /full|I\/O|disk/ });
    expect(["rejected", "rolled_back"]).toContain(error.outcome);
    expect(await db.countEntities("users")).toBe(1);
    // Whether the room runs out at a save or at the commit, which is SQLite's choice: nothing is half stored.
    const swallowed = await refusal(face, () => swallow(face, db, fill));
    expect(["STRATA_TRANSACTION_DOOMED", "STRATA_STORAGE"]).toContain(swallowed.code);
    expect(await db.countEntities("users")).toBe(1);
    rmSync(join(disk, "ballast"));
    await db.saveEntity("users", { id: "second", name: "Bob" });
    expect(await db.countEntities("users")).toBe(2);
    expect((await db.execute("PRAGMA integrity_check"))[0]).toEqual(["ok"]);
  });

  it("on a disk that can only be read is refused, whoever asks", { meta }, async ({ skip }) => {
    const disk = mounted("4m");
    if (disk === undefined) return skip("this user may not mount a file system");
    const path = await filled(join(disk, "test.db"), 50);
    execFileSync("mount", ["-o", "remount,ro", disk], { stdio: "ignore" });
    const error = await quickRefusal(face, () => open(face, path).saveEntity("users", { name: "Ann" }));
    expect(["STRATA_READ_ONLY", "STRATA_CONNECTION_REFUSED", "STRATA_STORAGE"]).toContain(error.code);
    expect(error.message).toMatch(/read|open|permission/);
  });
});

/** Runs `work` while the file of this connection may have so many pages. */
async function limitPages(db: Db, pages: number, work: () => Promise<void>): Promise<void> {
  await db.execute(`PRAGMA max_page_count = ${pages}`);
  await work();
  await db.execute("PRAGMA max_page_count = 1073741823");
}

/** A transaction whose callback takes the failure of `work` for unimportant. */
function swallow(face: Face, db: Db, work: () => unknown): unknown {
  if (face === "async") {
    return db.transaction(async (tx) => {
      await tx.saveEntity("users", { id: "swallowed", name: "x" });
      await Promise.allSettled([work()]);
    });
  }
  return db.transaction((tx) => {
    tx.saveEntity("users", { id: "swallowed", name: "x" });
    try {
      work();
    } catch {
      // Taken for unimportant.
    }
  });
}
