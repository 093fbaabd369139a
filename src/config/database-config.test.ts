import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { DatabaseConfig } from "./database-config.ts";
import type { DatabaseOptions } from "./options.ts";

const canary = "c4n4ry-pa55word";

describe("a configuration", () => {
  it("fills in the documented defaults", () => {
    const config = new DatabaseConfig({ database: "mydb" });
    expect(config.toJSON()).toEqual({
      database: "mydb",
      host: "localhost",
      alias: "mydb",
      env: "prod",
      connectionAcquisitionTimeout: 10,
      poolCreationTimeout: 30,
      queryExecutionTimeout: 60,
      connectionCreationTimeout: 15,
      pool: {},
      schema: "auto",
      deserialize: false,
      unchangedSaves: "skip",
      history: "full",
      maxFields: 300,
      allowImplicitCommit: false,
      role: "any",
      circuitBreaker: {},
      retry: {},
    });
    expect(config.port).toBeUndefined();
    expect(config.backend).toBeUndefined();
  });

  it("answers what it was given", () => {
    const config = new DatabaseConfig({
      database: "mydb",
      host: "db.example.org",
      port: 6432,
      user: "admin",
      password: "secret",
      alias: "main",
      env: "test",
      connectionAcquisitionTimeout: 0.5,
    });
    const { database, host, port, user, password, alias, env } = config;
    expect({ database, host, port, user, password, alias, env }).toEqual({
      database: "mydb",
      host: "db.example.org",
      port: 6432,
      user: "admin",
      password: "secret",
      alias: "main",
      env: "test",
    });
    expect(config.limits).toEqual({
      acquireTimeoutMs: 500,
      poolCreationTimeoutMs: 30_000,
      queryTimeoutMs: 60_000,
      connectTimeoutMs: 15_000,
    });
  });

  it("turns the pool's seconds into milliseconds", () => {
    const config = new DatabaseConfig({
      database: "x",
      pool: { minSize: 2, maxSize: 8, recycle: 1.5, keepalive: 0, leakThreshold: 60, reclaimLeaks: true },
    });
    expect(config.pool).toEqual({
      minSize: 2,
      maxSize: 8,
      recycleMs: 1500,
      keepaliveMs: 0,
      leakThresholdMs: 60_000,
      reclaimLeaks: true,
    });
    expect(new DatabaseConfig({ database: "x", pool: "heavy" }).pool).toEqual({
      maxSize: 20,
      maxOverflow: 30,
      recycleMs: 900_000,
    });
  });

  it("cannot be changed, not even through the objects that it was given", () => {
    const ssl = { ca: "one" };
    const pool = { maxSize: 3 };
    const config = new DatabaseConfig({ database: "x", ssl, pool });
    const before = config.hash;
    ssl.ca = "two";
    pool.maxSize = 4;
    expect(() => Object.assign(config, { extra: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.pool, { maxSize: 9 })).toThrow(TypeError);
    expect(() => Object.assign(config.entities, { maxFields: 9 })).toThrow(TypeError);
    expect(() => Object.assign(config.limits, { queryTimeoutMs: 9 })).toThrow(TypeError);
    const copy = config.with({});
    expect(copy.pool.maxSize).toBe(3);
    expect(copy.hash).toBe(before);
  });

  it("makes another with `with`, and forgets what is set to undefined", () => {
    const config = new DatabaseConfig({ database: "a", user: "u", password: canary, isolation: "process" });
    const other = config.with({ database: "b", user: undefined });
    expect(other.database).toBe("b");
    expect(other.alias).toBe("b");
    expect(other.user).toBeUndefined();
    expect(other.password).toBe(canary);
    expect(other.toJSON().isolation).toBe("process");
    expect(config.database).toBe("a");
    expect(() => config.with({ port: -1 })).toThrow(ConfigurationError);
  });
});

describe("its password", () => {
  const configs: Record<string, DatabaseConfig> = {
    options: new DatabaseConfig({ database: "x", user: "admin", password: canary }),
    url: DatabaseConfig.fromUrl(`postgres://admin:${canary}@localhost/x`),
    backend: new DatabaseConfig({
      database: "x",
      password: canary,
      ssl: { key: canary, passphrase: canary, pfx: Buffer.from(canary) },
      accessToken: canary,
      replicaUrl: `postgres://u:${canary}@host/x`,
    }),
  };

  it.each(Object.entries(configs))("shows nowhere (%s)", (_name, config) => {
    const shown = [
      String(config),
      `${config.uri}`,
      JSON.stringify({ config }),
      inspect({ deep: { config } }, { depth: 10 }),
      inspect(config, { showHidden: true, depth: 10, getters: true }),
      inspect(config, { customInspect: false, showHidden: true, depth: 10 }),
      JSON.stringify(Object.getOwnPropertyNames(config)),
      JSON.stringify({ ...config }),
      JSON.stringify(structuredClone({ copy: { ...config }, config })),
      config.hash,
      config.with({ database: "y" }).uri,
    ];
    for (const text of shown) {
      expect(text).not.toContain(canary);
      expect(text).not.toContain(Buffer.from(canary).toString("hex"));
    }
    expect(Object.keys(config)).toEqual([]);
  });

  it("is marked as set", () => {
    expect(configs.options?.toJSON().password).toBe("***");
    expect(configs.options?.uri).toBe("//admin:***@localhost/x");
    expect(configs.url?.uri).toBe("postgres://admin:***@localhost/x");
  });

  it("is compared without being hashed", () => {
    const one = new DatabaseConfig({ database: "x", password: "a" });
    const other = one.with({ password: "b" });
    expect(other.hash).toBe(one.hash);
    expect(one.hasSamePassword(other)).toBe(false);
    expect(one.hasSamePassword(new DatabaseConfig({ database: "x", password: "a" }))).toBe(true);
    const source = () => "a";
    expect(one.hasSamePassword(one.with({ password: source }))).toBe(false);
    expect(one.with({ password: source }).hasSamePassword(other.with({ password: source }))).toBe(true);
  });
});

describe("its hash", () => {
  const options: DatabaseOptions = {
    database: "mydb",
    port: 1,
    pool: { maxSize: 2, minSize: 1 },
    ssl: { a: 1, b: { c: 2, d: [1, 2] } },
  };

  it("is SHA-256 in hex", () => {
    expect(new DatabaseConfig(options).hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is the same in another order of keys, with defaults spelt out, and for any backend", () => {
    const { hash } = new DatabaseConfig(options);
    const turned = {
      ssl: { b: { d: [1, 2], c: 2 }, a: 1 },
      pool: { minSize: 1, maxSize: 2 },
      port: 1,
      host: "localhost",
      env: "prod",
      alias: "mydb",
      backend: "postgres",
      database: "mydb",
    };
    expect(new DatabaseConfig(turned).hash).toBe(hash);
  });

  it("differs with every setting", () => {
    const changes: Partial<DatabaseOptions>[] = [
      {},
      { database: "other" },
      { host: "other" },
      { port: 2 },
      { user: "other" },
      { alias: "other" },
      { env: "test" },
      { queryExecutionTimeout: 1 },
      { pool: { maxSize: 3 } },
      { schema: "frozen" },
      { ssl: { a: 2 } },
      { ssl: { a: "1" } },
      { ssl: () => 1 },
      { ssl: () => 1 },
      { ssl: { key: "one" } },
      { ssl: { key: "two" } },
      { ssl: Buffer.from("one") },
      { ssl: Buffer.from("two") },
    ];
    const hashes = changes.map((change) => new DatabaseConfig({ ...options, ...change }).hash);
    expect(new Set(hashes).size).toBe(changes.length);
  });

  it("does not depend on the order of any plain options", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^z[a-z]{0,6}$/), fc.jsonValue()), (extra) => {
        const turned = Object.fromEntries(Object.entries(extra).reverse());
        const one = new DatabaseConfig({ database: "x", ...extra });
        expect(new DatabaseConfig({ ...turned, database: "x" }).hash).toBe(one.hash);
      }),
    );
  });
});
