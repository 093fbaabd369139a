import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../errors/index.ts";
import { isLocal, parseMysqlOptions } from "./options.ts";
import { tlsFor } from "./tls.ts";

describe("the options", () => {
  it("have defaults, and are left as they are when checked again", () => {
    const parsed = parseMysqlOptions({});
    expect(parsed).toEqual({
      ssl: undefined,
      socketPath: undefined,
      statementCacheSize: 100,
      keepAlive: 30,
      allowPublicKeyRetrieval: undefined,
    });
    expect(parseMysqlOptions(parsed)).toEqual(parsed);
  });

  it.each([
    [{ sll: true }, /one of ssl, socketPath.*got "sll"/],
    [{ toString: 1 }, /got "toString"/],
    [{ ssl: "yes" }, /expected ssl to be .*"verify-full".*got "yes"/],
    [{ ssl: 1 }, /got 1/],
    [{ ssl: [] }, /got object/],
    [{ socketPath: "" }, /path of a Unix socket/],
    [{ statementCacheSize: -1 }, /whole number from 0 to 10000, got -1/],
    [{ statementCacheSize: 1.5 }, /got 1.5/],
    [{ keepAlive: "30" }, /got "30"/],
    [{ keepAlive: Number.NaN }, /got NaN/],
    [{ allowPublicKeyRetrieval: "true" }, /true or false/],
  ])("refuse %j", (options, message) => {
    expect(() => parseMysqlOptions(options)).toThrow(ConfigurationError);
    expect(() => parseMysqlOptions(options)).toThrow(message);
  });
});

describe("TLS", () => {
  it("is off towards this machine and checked in full towards others, unless said otherwise", () => {
    expect(tlsFor("localhost", undefined)).toBe(false);
    expect(tlsFor("/run/mysqld.sock", undefined)).toBe(false);
    expect(tlsFor("db.example.org", undefined)).toMatchObject({
      rejectUnauthorized: true,
      host: "db.example.org",
      servername: "db.example.org",
    });
    expect(tlsFor("db.example.org", false)).toBe(false);
    expect(tlsFor("db.example.org", "disable")).toBe(false);
    for (const ssl of [true, "require", "verify-full"] as const)
      expect(tlsFor("localhost", ssl)).toMatchObject({ rejectUnauthorized: true });
    expect(tlsFor("10.0.0.1", true)).not.toHaveProperty("servername");
    expect(tlsFor("db.example.org", "no-verify")).toMatchObject({ rejectUnauthorized: false });
  });

  it("always names authorities, which keeps the driver from trusting a password's proof instead", () => {
    expect(tlsFor("db.example.org", true)).toHaveProperty("ca.length");
    expect(tlsFor("db.example.org", { cert: "c", key: "k" })).toHaveProperty("ca.length");
    expect(tlsFor("db.example.org", { ca: "mine" })).toMatchObject({ ca: "mine", rejectUnauthorized: true });
    expect(tlsFor("db.example.org", { rejectUnauthorized: false })).toMatchObject({
      rejectUnauthorized: false,
    });
  });

  it("knows which hosts are this machine", () => {
    expect(["localhost", "127.0.0.1", "127.1.2.3", "::1", "/x"].every(isLocal)).toBe(true);
    expect(["127.0.0.1.evil.org", "localhost.evil.org", "10.0.0.1"].some(isLocal)).toBe(false);
  });
});
