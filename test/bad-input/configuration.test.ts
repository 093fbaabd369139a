import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigurationError, DatabaseManager } from "../../src/index.ts";
import { expectRefusal, folder, refusal, untyped } from "./bench.ts";

type Options = Readonly<Record<string, unknown>>;

const faces = [
  ["connect", (backend: string, options?: Options) => DatabaseManager.connect(backend, untyped(options))],
  [
    "connectSync",
    (backend: string, options?: Options) => DatabaseManager.connectSync(backend, untyped(options)),
  ],
] as const;

/** Options that cannot be used, and what the message says of each. */
const refused: readonly (readonly [Options, RegExp])[] = [
  [{ database: undefined }, /database: expected the name of the database.*got nothing/],
  [{ database: null }, /database: expected.*got null/],
  [{ database: 7 }, /database: expected.*got a number/],
  [{ database: ["x.db"] }, /database: expected.*got an array/],
  [{ database: "a\0b" }, /database: expected.*NUL/],
  [{ port: "5432" }, /port: expected a whole number.*got a string/],
  [{ port: -1 }, /port: expected a whole number.*got -1/],
  [{ host: "" }, /host: expected.*got an empty string/],
  [{ user: 7 }, /user: expected.*got a number/],
  [{ password: 7 }, /password: expected a string, or a function.*got a number/],
  [{ alias: "" }, /alias: expected.*got an empty string/],
  [{ queryExecutionTimeout: -1 }, /queryExecutionTimeout: expected a number of seconds above 0.*got -1/],
  [{ queryExecutionTimeout: 0 }, /queryExecutionTimeout: expected.*got 0/],
  [{ queryExecutionTimeout: Number.NaN }, /queryExecutionTimeout: expected.*got/],
  [{ connectionAcquisitionTimeout: Number.POSITIVE_INFINITY }, /connectionAcquisitionTimeout: expected.*got/],
  [{ connectionCreationTimeout: "15" }, /connectionCreationTimeout: expected.*got a string/],
  [{ poolCreationTimeout: 10 ** 9 }, /poolCreationTimeout: expected.*24 days.*got 1000000000/],
  [{ pool: "huge" }, /pool: expected "light", "medium", "heavy" or "batch".*got "huge"/],
  [{ pool: 5 }, /pool: expected.*got a number/],
  [{ pool: { maxSize: 0 } }, /pool.maxSize: expected a whole number from 1.*got 0/],
  [{ pool: { maxSize: 1.5 } }, /pool.maxSize: expected.*got 1.5/],
  [{ pool: { minSize: 5, maxSize: 2 } }, /minSize/],
  [{ pool: { maxsize: 5 } }, /pool.maxsize: unknown option.*maxSize/],
  [{ schema: "loose" }, /schema: expected "auto", "addOnly" or "frozen".*got "loose"/],
  [{ deserialize: "yes" }, /deserialize: expected true or false.*got a string/],
  [{ history: true }, /history: expected.*got true/],
  [{ maxFields: 0 }, /maxFields: expected.*got 0/],
  [{ unchangedSaves: null }, /unchangedSaves: expected.*got null/],
  [{ Database: "x" }, /Database: unknown option.*database/],
  [{ queryexecutiontimeout: 5 }, /queryexecutiontimeout: unknown option.*queryExecutionTimeout/],
  [
    { isolaton: "process" },
    /expected an option of the sqlite backend to be one of isolation, .*got "isolaton"/,
  ],
  [{ poolSize: 5 }, /poolSize/],
  [{ isolation: "thread" }, /expected isolation to be "inline" or "process", got "thread"/],
  [{ readOnly: "yes" }, /expected readOnly to be true or false, got "yes"/],
  [{ journalMode: "off" }, /expected journalMode to be.*got "off"/],
  [{ synchronous: 2 }, /expected synchronous to be.*got 2/],
  [{ statementCacheSize: 0 }, /expected statementCacheSize to be a whole number.*got 0/],
  [untyped(JSON.parse('{"__proto__": {"readOnly": true}}')), /__proto__/],
];

describe.each(faces)("%s", (_, connect) => {
  it.each(refused)("refuses %o before it looks at anything", (options, says) => {
    const path = folder();
    let error: unknown;
    try {
      connect("sqlite", {
        database: join(path, "test.db"),
        ...options,
        ...Object.fromEntries(Object.entries(options)),
      });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      code: "STRATA_CONFIGURATION",
      outcome: "not_sent",
      message: expect.stringMatching(says),
    });
    expect(readdirSync(path)).toEqual([]);
  });

  it("names everything that is wrong in one message", () => {
    expect(() => connect("sqlite", { port: "x", pool: { maxSize: -1, size: 3 }, schema: 1 })).toThrow(
      /database: expected[\s\S]*port: expected[\s\S]*pool.maxSize: expected[\s\S]*pool.size: unknown option[\s\S]*schema: expected/,
    );
  });

  it.each(["oracle", "", "sqlite ", "toString", "__proto__", 7, null, undefined, {}])(
    "refuses the backend %o, and names those that there are",
    (backend) => {
      const attempt = () => connect(untyped(backend), { database: ":memory:" });
      expect(attempt).toThrow(expect.objectContaining({ code: "STRATA_UNKNOWN_BACKEND" }));
      expect(attempt).toThrow(/expected the name of a backend, one of .*postgres.*sqlite.*got/);
    },
  );

  it.each([
    ["sqlite", undefined, /expected options with the name of a database for "sqlite", got none/],
    ["oracle://host/db", undefined, /expected the name of a backend.*got "oracle"/],
    ["postgres://host:99999/db", undefined, /port/],
    ["postgres://host", undefined, /database/],
    ["sqlite:", undefined, /./],
    ["postgres://user:canary-password@host:port/db", undefined, /expected/],
    ["postgres://user:canary-password@host/db?pool_size=many", undefined, /./],
  ] as const)("refuses the URL %s", (url, options, says) => {
    let error: unknown;
    try {
      connect(url, options);
    } catch (thrown) {
      error = thrown;
    }
    // A temporary database has no name, so that one URL is not refused.
    if (url === "sqlite:" && error === undefined) return;
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ message: expect.stringMatching(says) });
    expect(String(error)).not.toContain("canary");
  });
});

describe("a name of a database that the driver would take for another", () => {
  it.each(["file:test.db?mode=memory", " test.db", "test.db ", "test.db\n"])(
    "is refused: %o",
    async (database) => {
      await using db = DatabaseManager.connect("sqlite", { database });
      const error = await refusal("async", () => db.ping());
      expectRefusal(error, { code: "STRATA_CONFIGURATION", says: /expected database to be a path.*got/ });
      using sync = DatabaseManager.connectSync("sqlite", { database });
      expectRefusal(await refusal("sync", () => sync.ping()), { code: "STRATA_CONFIGURATION" });
    },
  );
});
