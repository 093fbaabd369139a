import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { Face, Queries } from "../../src/face/index.ts";
import { vouchSchema } from "../../src/face/vouch.ts";
import { DatabaseError, DatabaseManager, type ErrorCode } from "../../src/index.ts";

export const faces: readonly Face[] = ["async", "sync"];

export interface Expected {
  readonly code: ErrorCode;
  /** What the message must say, besides what was expected and what came. */
  readonly says?: RegExp;
}

/** A folder of a test's own, removed at the test's end. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "strata-bad-input-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A database with two records, in which every statement is noted and every change would be seen. */
export class Bench {
  readonly face: Face;
  readonly db: Queries<Face>;
  readonly statements: string[] = [];
  readonly #before: () => unknown[];

  private constructor(face: Face, path: string) {
    const options = { database: path, synchronous: "off" };
    const db =
      face === "async"
        ? DatabaseManager.connect("sqlite", options)
        : DatabaseManager.connectSync("sqlite", options);
    const reader = DatabaseManager.connectSync("sqlite", options);
    onTestFinished(async () => {
      reader.close();
      await db.close();
    });
    db.on("query", ({ sql }) => this.statements.push(sql));
    this.face = face;
    this.db = vouchSchema<Face>(db);
    this.#before = () => {
      const tables = reader.execute(
        "SELECT [name] FROM [sqlite_schema] WHERE [type] = 'table' ORDER BY [name]",
      );
      return tables.map(([name]) => [name, reader.query(`SELECT * FROM [${name}]`)]);
    };
  }

  static async make(face: Face): Promise<Bench> {
    const bench = new Bench(face, join(folder(), "test.db"));
    await bench.db.saveEntity("users", { id: "a", name: "Ann", age: 30 });
    await bench.db.saveEntity("users", { id: "a", age: 31, tags: ["x"] });
    await bench.db.saveEntity("users", { id: "b", name: "Bob", age: 25 });
    bench.statements.length = 0;
    return bench;
  }

  /** Everything that is stored. */
  contents(): unknown[] {
    return this.#before();
  }

  /** Expects `work` to be refused before anything was sent but what looks, and that nothing has changed. */
  async refuses(expected: Expected, work: () => unknown): Promise<DatabaseError> {
    const before = this.contents();
    this.statements.length = 0;
    const error = await refusal(this.face, work);
    expectRefusal(error, expected);
    expect(error.outcome).toBe("not_sent");
    expect(this.statements.filter((sql) => !/^(?:\/\*.*?\*\/ )?SELECT /.test(sql))).toEqual([]);
    expect(this.contents()).toEqual(before);
    return error;
  }

  /** As `refuses`, for what only the database can refuse. */
  async rejects(expected: Expected, work: () => unknown): Promise<DatabaseError> {
    const before = this.contents();
    const error = await refusal(this.face, work);
    expectRefusal(error, expected);
    expect(this.contents()).toEqual(before);
    return error;
  }
}

/** Failures that the database reports, in its own words. */
const reported: ReadonlySet<ErrorCode> = new Set([
  "STRATA_SQL_SYNTAX",
  "STRATA_NOT_FOUND",
  "STRATA_READ_ONLY",
  "STRATA_STORAGE",
  "STRATA_CONNECTION_REFUSED",
]);

export function expectRefusal(error: DatabaseError, { code, says }: Expected): void {
  expect([error.code, error.message]).toEqual([code, expect.stringMatching(says ?? /./)]);
  if (!reported.has(error.code)) expect(error.message).toMatch(/expected[\s\S]*(?:got|came|but)/);
}

/** What `work` fails with: an error of ours. On the asynchronous face it must be a rejection, never thrown. */
export async function refusal(face: Face, work: () => unknown): Promise<DatabaseError> {
  let answer: unknown;
  try {
    answer = work();
  } catch (error) {
    if (face === "async") throw new Error("a method that answers a promise threw", { cause: error });
    return ours(error);
  }
  try {
    answer = await answer;
  } catch (error) {
    return ours(error);
  }
  throw new Error(`expected a refusal, but the call succeeded: ${JSON.stringify(answer)}`);
}

function ours(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  throw new Error("expected an error of the library", { cause: error });
}

/** A value as the type system would not let it through: what comes from JSON, from a form, from JavaScript. */
export function untyped(value: unknown) {
  const smuggled: { value: ReturnType<typeof JSON.parse> } = { value };
  return smuggled.value;
}
