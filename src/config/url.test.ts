import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { DatabaseConfig } from "./database-config.ts";
import { formatDatabaseUrl, parseDatabaseUrl } from "./url.ts";

describe("a URL of a server", () => {
  it("holds every part", () => {
    expect(
      parseDatabaseUrl(
        "postgres://admin:secret@localhost:5432/mydb?alias=main&connectionAcquisitionTimeout=5",
      ),
    ).toEqual({
      backend: "postgres",
      options: {
        database: "mydb",
        host: "localhost",
        port: 5432,
        user: "admin",
        password: "secret",
        alias: "main",
        connectionAcquisitionTimeout: 5,
      },
    });
  });

  it.each([
    ["mysql://h/d", { host: "h", database: "d" }],
    ["MySQL://h/d", { host: "h", database: "d" }],
    ["postgres:///d", { database: "d" }],
    ["postgres:///d?host=/var/run/pg", { database: "d", host: "/var/run/pg" }],
    ["postgres://%2Fvar%2Frun/d", { host: "/var/run", database: "d" }],
    ["postgres://[::1]:5433/d", { host: "::1", port: 5433, database: "d" }],
    ["postgres://u@h/d", { user: "u", host: "h", database: "d" }],
    ["postgres://u:@h/d", { user: "u", password: "", host: "h", database: "d" }],
    ["postgres://u:a:b@h/d", { user: "u", password: "a:b", host: "h", database: "d" }],
    ["postgres://u:a@b@h/d", { user: "u", password: "a@b", host: "h", database: "d" }],
    ["postgres://u%40x:p%2Fw%3A%23@h/d%20b", { user: "u@x", password: "p/w:#", host: "h", database: "d b" }],
  ])("%s", (url, options) => {
    const parsed = parseDatabaseUrl(url);
    expect(parsed.options).toEqual(options);
  });

  it("may be a URL object", () => {
    expect(parseDatabaseUrl(new URL("postgres://u:p@h/d")).options).toMatchObject({ user: "u", host: "h" });
  });
});

describe("a URL of a file", () => {
  it.each([
    ["sqlite:///abs/path.db", "/abs/path.db"],
    ["sqlite:////abs/path.db", "//abs/path.db"],
    ["sqlite:/abs/path.db", "/abs/path.db"],
    ["sqlite:./rel.db", "./rel.db"],
    ["sqlite:rel.db", "rel.db"],
    ["sqlite::memory:", ":memory:"],
    ["sqlite:", ""],
    ["sqlite:///C:/app/x.db", "C:/app/x.db"],
    ["sqlite:./a%20b%3F.db?alias=x", "./a b?.db"],
    ["duckdb:./x.db", "./x.db"],
  ])("%s", (url, database) => {
    expect(parseDatabaseUrl(url).options.database).toBe(database);
  });
});

describe("parameters", () => {
  const options = (query: string) => parseDatabaseUrl(`postgres://h/d?${query}`).options;

  it("have the type of their option", () => {
    expect(options("maxFields=5&deserialize=true&alias=12&env=true&queryExecutionTimeout=2.50")).toEqual({
      database: "d",
      host: "h",
      maxFields: 5,
      deserialize: true,
      alias: "12",
      env: "true",
      queryExecutionTimeout: 2.5,
    });
  });

  it("reach into the pool", () => {
    expect(options("pool=light").pool).toBe("light");
    expect(options("pool.maxSize=5&pool.reclaimLeaks=false").pool).toEqual({
      maxSize: 5,
      reclaimLeaks: false,
    });
  });

  it("that are not ours are the backend's, with the type that they clearly have", () => {
    expect(options("sslmode=require&ssl=true&retries=3&server=8.0&zip=0123&a=b+c%2Bd")).toMatchObject({
      sslmode: "require",
      ssl: true,
      retries: 3,
      server: "8.0",
      zip: "0123",
      a: "b c+d",
    });
  });

  it("cannot set a prototype", () => {
    expect(() => DatabaseConfig.fromUrl("postgres://h/d?__proto__=1")).toThrow("__proto__: this name");
    expect(() => DatabaseConfig.fromUrl("postgres://h/d?pool.__proto__=1")).toThrow(
      "pool.__proto__: unknown",
    );
  });

  it("are checked like options", () => {
    const from = (query: string) => () => DatabaseConfig.fromUrl(`postgres://h/d?${query}`);
    expect(from("queryExecutionTimeout=5s")).toThrow("queryExecutionTimeout: expected a number of seconds");
    expect(from("pool.maxsize=5")).toThrow('did you mean "maxSize"?');
    expect(from("query_execution_timeout=5")).toThrow('did you mean "queryExecutionTimeout"?');
  });
});

describe("a URL that cannot be used", () => {
  it.each([
    ["", "expected backend://"],
    ["localhost", "expected backend://"],
    ["//localhost/d", "expected backend://"],
    ["postgresql+asyncpg://h/d", 'write "postgresql:" instead of "postgresql+asyncpg:"'],
    ["postgres://h", "no database is named"],
    ["postgres://h/", "no database is named"],
    ["postgres://h:x/d", "must be percent-encoded"],
    ["postgres://h/d/e", "must be percent-encoded"],
    ["postgres://u:c4n4ry/1@h/d", "must be percent-encoded"],
    ["postgres://u:12/c4n4ry@h/d", "must be percent-encoded"],
    ["postgres://u:12/c4n4ry@h", "must be percent-encoded"],
    ["postgres://u:c4n4ry?x@h/d", "must be percent-encoded"],
    ["postgres://u:c4n4ry#x@h/d", '"#" must be written as %23'],
    ["postgres://u:c4n4ry%zz@h/d", "the password is not percent-encoded rightly"],
    ["sqlite://app.db", "write sqlite:./relative.db"],
    ["sqlite://host/app.db", "write sqlite:./relative.db"],
    ["sqlite://", "write sqlite:./relative.db"],
    ["postgres://h/d?c4n4ry", "expected each parameter as name=value"],
    ["postgres://h/d?alias=a&alias=b", '"alias" is given twice'],
    ["postgres://h/d?host=b", '"host" is given twice'],
    ["postgres://h/d?database=b", '"database" belongs before the "?"'],
    ["postgres://h/d?pool=light&pool.maxSize=3", "expected either"],
  ])("%s", (url, message) => {
    expect(() => parseDatabaseUrl(url)).toThrow(ConfigurationError);
    expect(() => parseDatabaseUrl(url)).toThrow(message);
    expect(() => parseDatabaseUrl(url)).not.toThrow("c4n4ry");
  });
});

describe("fromUrl", () => {
  it("remembers the backend, and lets options win", () => {
    const config = DatabaseConfig.fromUrl("postgres://u:p@h/d?alias=a", { alias: "b", password: "q" });
    expect(config.backend).toBe("postgres");
    expect(config.alias).toBe("b");
    expect(config.password).toBe("q");
  });

  it("answers the configuration that the same options make", () => {
    const config = DatabaseConfig.fromUrl("postgres://u:p@h:1/d?pool=light");
    const same = new DatabaseConfig({
      database: "d",
      host: "h",
      port: 1,
      user: "u",
      password: "p",
      pool: "light",
    });
    expect(config.hash).toBe(same.hash);
    expect(config.hasSamePassword(same)).toBe(true);
  });
});

describe("formatDatabaseUrl", () => {
  it.each([
    "postgres://admin@localhost:5432/mydb",
    "mysql://h/d",
    "postgres://[::1]/d",
    "postgres://a%40b@%2Frun/d%2Fe",
    "sqlite:./app.db",
    "sqlite:///abs/app.db",
    "sqlite::memory:",
    "sqlite:",
  ])("%s comes out as it was", (url) => {
    expect(DatabaseConfig.fromUrl(url).uri).toBe(url);
  });

  it("can be read again, whatever the names", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(name, name, fc.option(fc.nat(65_535), { nil: undefined }), (database, user, port) => {
        const parts = { backend: "postgres", host: "h", database, user, port, hasPassword: false };
        const { options } = parseDatabaseUrl(formatDatabaseUrl(parts));
        expect({ database: options.database, user: options.user, port: options.port }).toEqual({
          database,
          user,
          port,
        });
        const path = formatDatabaseUrl({ ...parts, backend: "sqlite" });
        expect(parseDatabaseUrl(path).options.database).toBe(database);
      }),
    );
  });
});
