import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../errors/index.ts";
import { parseSqliteOptions } from "./options.ts";

describe("the options of the sqlite backend", () => {
  it("have defaults", () => {
    expect(parseSqliteOptions({})).toEqual({
      isolation: "inline",
      readOnly: false,
      fileMustExist: false,
      synchronous: "full",
      journalMode: "wal",
      statementCacheSize: 200,
    });
  });

  it("can be parsed again, so that a checked record stays as it is", () => {
    const options = parseSqliteOptions({ isolation: "process", synchronous: "normal", readOnly: true });
    expect(parseSqliteOptions(options)).toEqual(options);
  });

  it.each([
    [{ isolaton: "process" }, "isolation, readOnly, fileMustExist"],
    [{ isolation: "thread" }, '"inline" or "process", got "thread"'],
    [{ readOnly: 1 }, "true or false, got 1"],
    [{ synchronous: "FULL" }, '"full" or "normal" or "off"'],
    [{ journalMode: "memory" }, '"wal"'],
    [{ statementCacheSize: 0 }, "from 1 to 100000, got 0"],
    [{ statementCacheSize: "many" }, 'got "many"'],
    [{ toString: 1 }, '"toString"'],
  ])("refuses %o", (options, message) => {
    expect(() => parseSqliteOptions(options)).toThrow(ConfigurationError);
    expect(() => parseSqliteOptions(options)).toThrow(message);
  });
});
