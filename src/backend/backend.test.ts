import { describe, expect, it } from "vitest";
import { ConfigurationError, DatabaseError } from "../errors/index.ts";
import { postgresSyntax } from "../sql/index.ts";
import { type BackendDefinition, type ConnectTarget, defineBackend } from "./backend.ts";
import { standardDialect } from "./standard-dialect.ts";

const smallest: BackendDefinition = {
  name: "tiny",
  dialect: standardDialect({
    syntax: postgresSyntax,
    columnTypes: {
      integer: "BIGINT",
      numeric: "NUMERIC",
      double: "DOUBLE PRECISION",
      text: "TEXT",
      boolean: "BOOLEAN",
      timestamp: "TIMESTAMP",
      json: "TEXT",
      bytes: "BYTEA",
    },
    bindValue: (value) => value,
    changeColumnType: () => [],
    listColumns: (table) => ({ sql: "SELECT ?", params: [table] }),
    findTable: (table) => ({ sql: "SELECT ?", params: [table] }),
    listIndexes: (table) => ({ sql: "SELECT ?", params: [table] }),
  }),
  connect() {
    throw new Error("it cannot connect");
  },
  toDatabaseError: (error, facts) => new DatabaseError(String(error), facts),
};

const target: ConnectTarget = {
  database: "a",
  host: "localhost",
  port: 0,
  user: undefined,
  password: () => undefined,
  alias: "a",
  connectTimeoutMs: 1000,
  options: {},
};

describe("defineBackend", () => {
  it("fills in what is left out", () => {
    const backend = defineBackend(smallest);
    expect(backend).toMatchObject({ name: "tiny", aliases: [], defaultPort: 0 });
    expect(backend.capabilities).toEqual({
      blocking: false,
      transactionalDdl: true,
      savepoints: true,
      partialIndexes: true,
      retypesIndexedTables: true,
      isolationLevels: ["serializable"],
      maxParameters: 999,
      maxColumns: 1000,
      statementComments: true,
      concurrentConnections: true,
    });
    expect(backend.capabilitiesFor(target)).toEqual(backend.capabilities);
  });

  it("says that it blocks when it can", () => {
    const { connect } = smallest;
    const connectSync = () => {
      throw new Error("it cannot connect");
    };
    expect(defineBackend({ ...smallest, connect, connectSync }).capabilities.blocking).toBe(true);
  });

  it("lays a target's capabilities over the backend's, and those over the defaults", () => {
    const backend = defineBackend({
      ...smallest,
      capabilities: { savepoints: false, maxColumns: 5 },
      capabilitiesFor: ({ database }) => (database === "a" ? { maxColumns: 7 } : {}),
    });
    expect(backend.capabilities).toMatchObject({ savepoints: false, maxColumns: 5, maxParameters: 999 });
    expect(backend.capabilitiesFor(target)).toEqual({ ...backend.capabilities, maxColumns: 7 });
    expect(backend.capabilitiesFor({ ...target, database: "b" })).toEqual(backend.capabilities);
  });

  it("refuses options, by name and without their values, unless it reads them", () => {
    const backend = defineBackend(smallest);
    expect(backend.parseOptions({})).toEqual({});
    const refused = () => backend.parseOptions({ key: "secret", mode: 1 });
    expect(refused).toThrow(ConfigurationError);
    expect(refused).toThrow(/^the backend "tiny" takes no options, got "key", "mode"$/);
    const reading = defineBackend({ ...smallest, parseOptions: () => ({ mode: 2 }) });
    expect(reading.parseOptions({ mode: 1 })).toEqual({ mode: 2 });
  });

  it.each(["", "Tiny", "a:b", "a b", "7z"])("refuses the name %o, which no URL can begin with", (name) => {
    expect(() => defineBackend({ ...smallest, name })).toThrow(ConfigurationError);
    expect(() => defineBackend({ ...smallest, aliases: [name] })).toThrow(ConfigurationError);
  });
});
