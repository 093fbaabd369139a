import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { configFromEnv } from "./settings.ts";

const url = "postgres://u:p@h/d";

describe("configFromEnv", () => {
  it("reads a URL and what stands beside it", () => {
    const { backend, config } = configFromEnv({
      DATABASE_URL: url,
      DATABASE_POOL_SIZE: "20",
      DATABASE_MAX_OVERFLOW: "40",
      DATABASE_POOL_TIMEOUT: "30",
      DATABASE_POOL_RECYCLE: "3600",
      DATABASE_POOL_PRE_PING: "true",
      DATABASE_ECHO: "false",
      DATABASE_ECHO_POOL: "0",
      DATABASE_QUERY_TIMEOUT: "2.5",
      HOME: "/root",
    });
    expect(backend).toBe("postgres");
    expect(config.uri).toBe("postgres://u:***@h/d");
    expect(config.pool).toEqual({
      maxSize: 20,
      maxOverflow: 40,
      recycleMs: 3_600_000,
      validateAfterIdleMs: 0,
    });
    expect(config.connectionAcquisitionTimeout).toBe(30);
    expect(config.queryExecutionTimeout).toBe(2.5);
  });

  it("reads the parts, with another prefix", () => {
    const { backend, config } = configFromEnv(
      {
        DB_BACKEND: "mysql",
        DB_NAME: "shop",
        DB_HOST: "h",
        DB_PORT: "3307",
        DB_USER: "u",
        DB_PASSWORD: "42",
        DB_POOL_OVERFLOW: "3",
        DB_ALIAS: "main",
        DB_ENV: "test",
      },
      "DB_",
    );
    expect(backend).toBe("mysql");
    expect(config.uri).toBe("mysql://u:***@h:3307/shop");
    expect(config.password).toBe("42");
    expect(config.pool.maxOverflow).toBe(3);
    expect([config.alias, config.env]).toEqual(["main", "test"]);
  });

  it("lets a variable win over the URL, and leaves the rest of the URL's pool", () => {
    const env = { DATABASE_PASSWORD: "q", DATABASE_POOL_SIZE: "7", DATABASE_PORT: "" };
    const preset = configFromEnv({ DATABASE_URL: `${url}?pool=light`, ...env }).config;
    expect(preset.password).toBe("q");
    expect(preset.port).toBeUndefined();
    expect(preset.pool).toEqual({ maxSize: 7, maxOverflow: 10, recycleMs: 3_600_000 });
    const single = configFromEnv({ DATABASE_URL: `${url}?pool.keepalive=9`, ...env }).config;
    expect(single.pool).toEqual({ maxSize: 7, keepaliveMs: 9000 });
  });

  it("knows that a recycle of -1 means never, and false for pre-ping our default", () => {
    const env = { DATABASE_URL: url, DATABASE_POOL_RECYCLE: "-1", DATABASE_POOL_PRE_PING: "False" };
    expect(configFromEnv(env).config.pool).toEqual({ recycleMs: 0 });
  });

  it.each([
    [{}, "DATABASE_URL: expected a URL, got nothing"],
    [{ DATABASE_BACKEND: "sqlite" }, "DATABASE_NAME: expected the name of the database"],
    [{ DATABASE_URL: url, DATABASE_POOL_SIZE: "c4n4ry" }, "DATABASE_POOL_SIZE: expected a number"],
    [
      { DATABASE_URL: url, DATABASE_POOL_PRE_PING: "maybe" },
      "DATABASE_POOL_PRE_PING: expected true or false",
    ],
    [{ DATABASE_URL: url, DATABASE_POOL_PRE_PING: "constructor" }, "expected true or false"],
    [{ DATABASE_URL: url, DATABASE_ECHO: "true" }, "DATABASE_ECHO: statements are not printed"],
    [
      { DATABASE_URL: url, DATABASE_POOLSIZE: "5" },
      'DATABASE_POOLSIZE: unknown variable; did you mean "POOL_SIZE"',
    ],
    [{ DATABASE_URL: url, DATABASE_POOL_SIZE: "0" }, "pool.maxSize: expected a whole number from 1"],
    [{ DATABASE_URL: "c4n4ry" }, "the database URL cannot be used"],
  ])("%j is refused", (env, message) => {
    expect(() => configFromEnv(env)).toThrow(ConfigurationError);
    expect(() => configFromEnv(env)).toThrow(message);
    expect(() => configFromEnv(env)).not.toThrow("c4n4ry");
  });

  it("names all the variables that are wrong", () => {
    const env = { DATABASE_URL: url, DATABASE_PORT: "x", DATABASE_ECHO: "1" };
    expect(() => configFromEnv(env)).toThrow(/2 settings[\s\S]*DATABASE_PORT[\s\S]*DATABASE_ECHO/);
  });

  it("leaves other programs' variables alone", () => {
    const env = { DATABASE_URL: url, DATABASE_constructor: "1", DATABASE_BACKUP_BUCKET: "x" };
    expect(configFromEnv(env).config.database).toBe("d");
  });
});
