import { afterEach, describe, expect, it } from "vitest";
import { DatabaseConfig } from "../config/index.ts";
import { ClosedError, ConfigurationError } from "../errors/index.ts";
import { FakeDriver, fakeBackend } from "../testing/fake-driver.ts";
import type { AsyncConnection } from "./async-connection.ts";
import { type ConnectionHooks, poolHooks } from "./hooks.ts";
import { openDatabases, pooledDatabase } from "./pooled-database.ts";
import { SharedDatabase } from "./shared-database.ts";

const drivers: FakeDriver[] = [];
const backend = fakeBackend(() => {
  const driver = new FakeDriver();
  drivers.push(driver);
  return driver;
});

function pooled(hooks: ConnectionHooks) {
  return pooledDatabase(backend, new DatabaseConfig({ database: "d", hooks }));
}

afterEach(async () => {
  await Promise.all(openDatabases().map((database) => database.close(0)));
  drivers.length = 0;
});

const run = (sql: string) => async (connection: AsyncConnection) => {
  await connection.execute(sql);
};

describe("connection hooks", () => {
  it("are called when a connection was made, before it is lent and after it was reset", async () => {
    const { pool } = pooled({
      onConnect: run("made"),
      onCheckout: run("lent"),
      onCheckin: run("back"),
    });
    for (let i = 0; i < 2; i++) (await pool.acquire()).release();
    await expect
      .poll(() => drivers[0]?.calls)
      .toEqual(["made", "lent", "RESET", "back", "lent", "RESET", "back"]);
    expect(drivers).toHaveLength(1);
  });

  it("may be left out, singly or all", async () => {
    const { pool } = pooled({ onConnect: undefined, onCheckout: () => {} });
    (await pool.acquire()).release();
    expect(drivers[0]?.calls).toEqual(["RESET"]);
    expect(() => pooled({})).not.toThrow();
  });

  it("have the connection for as long as they run, and no longer", async () => {
    let kept: AsyncConnection | undefined;
    const { pool } = pooled({
      onConnect: (connection) => {
        kept = connection;
      },
    });
    await pool.acquire();
    await expect(kept?.execute("later")).rejects.toBeInstanceOf(ClosedError);
    expect(drivers[0]?.calls).toEqual([]);
    expect(drivers[0]?.usable).toBe(true);
  });

  it("discard the connection when they throw; who waits is given another one", async () => {
    let lent = 0;
    const { pool } = pooled({
      onCheckout: () => {
        lent += 1;
        if (lent === 1) throw new Error("not this one");
      },
    });
    const lease = await pool.acquire();
    expect(lease.resource.driver).toBe(drivers[1]);
    expect(drivers[0]?.usable).toBe(false);
  });

  it.each([
    ["a function", () => {}],
    ["a string", "onConnect"],
    ["null", null],
    ["an unknown name", { onconnect: () => {} }],
    ["a name of Object's", { toString: () => {} }],
    ["a hook that is no function", { onConnect: "SET x" }],
    ["a list", [() => {}]],
  ])("are refused as %s", (_, hooks) => {
    const { store } = new SharedDatabase(backend, new DatabaseConfig({ database: "d" }));
    const make = () => poolHooks(hooks, store);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow("expected hooks to be");
  });
});
