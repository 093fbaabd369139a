import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../errors/index.ts";
import { parsePostgresOptions, tlsFor } from "./options.ts";

describe("parsePostgresOptions", () => {
  it("fills in the defaults, and takes its own result", () => {
    const defaults = parsePostgresOptions({});
    expect(defaults).toEqual({
      ssl: undefined,
      pooler: "none",
      statementCacheSize: 200,
      searchPath: undefined,
      keepAlive: 30,
    });
    expect(parsePostgresOptions({ ...defaults })).toEqual(defaults);
  });

  it("prepares nothing by name behind a pooler, unless it is told that the pooler can follow", () => {
    const pooler = "transaction";
    expect(parsePostgresOptions({ pooler }).statementCacheSize).toBe(0);
    expect(parsePostgresOptions({ pooler, statementCacheSize: 50 }).statementCacheSize).toBe(50);
  });

  it("takes one schema or several", () => {
    expect(parsePostgresOptions({ searchPath: "app" }).searchPath).toEqual(["app"]);
    expect(parsePostgresOptions({ searchPath: ["app", "public"] }).searchPath).toEqual(["app", "public"]);
  });

  it.each([
    [{ sll: true }, /one of ssl, pooler, statementCacheSize, searchPath, keepAlive, got "sll"/],
    [{ ssl: "verify-fully" }, /expected ssl to be true, false, .*got "verify-fully"/],
    [{ ssl: null }, /expected ssl/],
    [{ pooler: "session" }, /"none" or "transaction", got "session"/],
    [{ statementCacheSize: -1 }, /from 0 to 10000, got -1/],
    [{ statementCacheSize: 1.5 }, /got 1.5/],
    [{ searchPath: [] }, /expected searchPath/],
    [{ searchPath: [""] }, /expected searchPath/],
    [{ keepAlive: Number.NaN }, /expected keepAlive/],
    [{ keepAlive: "30" }, /got "30"/],
    [{ pooler: "transaction", searchPath: "app" }, /searchPath to be left out/],
  ])("refuses %j", (options, message) => {
    expect(() => parsePostgresOptions(options)).toThrow(ConfigurationError);
    expect(() => parsePostgresOptions(options)).toThrow(message);
  });
});

describe("tlsFor", () => {
  it.each(["localhost", "127.0.0.1", "127.8.9.1", "::1", "/var/run/postgresql"])(
    "connects to %s without TLS unless told otherwise",
    (host) => {
      expect(tlsFor(host, undefined)).toBe(false);
      expect(tlsFor(host, true)).toEqual({ rejectUnauthorized: true });
    },
  );

  it.each(["db.example.com", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com"])(
    "verifies %s unless told otherwise",
    (host) => {
      expect(tlsFor(host, undefined)).toEqual({ rejectUnauthorized: true });
      expect(tlsFor(host, "require")).toEqual({ rejectUnauthorized: true });
      expect(tlsFor(host, "disable")).toBe(false);
      expect(tlsFor(host, false)).toBe(false);
      expect(tlsFor(host, "no-verify")).toEqual({ rejectUnauthorized: false });
      expect(tlsFor(host, { ca: "pem" })).toEqual({ rejectUnauthorized: true, ca: "pem" });
    },
  );
});
