import { describe, expect, it } from "vitest";
import { DatabaseConfig } from "../config/index.ts";
import { ConfigurationError, ConnectionError, UnsupportedError } from "../errors/index.ts";
import { FakeDriver, fakeBackend } from "../testing/fake-driver.ts";
import type { SyncConnectionHooks } from "./hooks.ts";
import { SharedDatabase } from "./shared-database.ts";
import type { SyncConnection } from "./sync-connection.ts";
import { SyncDatabase } from "./sync-database.ts";

function open(hooks: SyncConnectionHooks | object, retry: false | undefined = undefined) {
  const drivers: FakeDriver[] = [];
  const calls: string[] = [];
  const backend = fakeBackend(() => new FakeDriver(), {
    connectSync: () => {
      const driver = new FakeDriver((call) => void calls.push(call));
      drivers.push(driver);
      return driver;
    },
  });
  const quick = { delay: 0, jitter: "none" } as const;
  const config = new DatabaseConfig({ database: "d", hooks, retry: retry ?? quick });
  return { db: new SyncDatabase(new SharedDatabase(backend, config)), drivers, calls };
}

const run = (sql: string) => (connection: SyncConnection) => void connection.execute(sql);
const all = { onConnect: run("made"), onCheckout: run("lent"), onCheckin: run("back") };

describe("hooks of the synchronous face", () => {
  it("are called when the connection was made, and around each call, transaction, handle and stream", () => {
    const { db, calls } = open(all);
    db.execute("a");
    db.execute("b");
    expect(calls.splice(0)).toEqual(["made", "lent", "a", "back", "lent", "b", "back"]);
    db.transaction((tx) => {
      tx.execute("a");
      db.execute("b");
      db.transaction(() => {});
    });
    expect(calls.splice(0).filter((call) => !/SAVEPOINT/.test(call))).toEqual([
      "lent",
      "BEGIN",
      "a",
      "b",
      "COMMIT",
      "back",
    ]);
    const handle = db.connection();
    handle.execute("a");
    db.execute("b");
    handle.close();
    handle.close();
    expect(calls.splice(0)).toEqual(["lent", "a", "b", "RESET", "back"]);
    expect([...db.stream("s")]).toEqual([]);
    expect(calls.splice(0)).toEqual(["lent", "s", "FETCH", "CLOSE CURSOR", "back"]);
    db.close();
  });

  it("close the connection when they throw; the next try has another one", () => {
    for (const name of ["onConnect", "onCheckout"] as const) {
      let threw = false;
      const { db, drivers } = open({
        [name]: () => {
          if (threw) return;
          threw = true;
          throw new Error("not this one");
        },
      });
      db.execute("a");
      expect(drivers.map(({ usable }) => usable)).toEqual([false, true]);
      expect(drivers[1]?.calls).toEqual(["a"]);
    }
  });

  it("fail a call with a typed error when they throw each time", () => {
    const { db } = open(
      {
        onCheckout: () => {
          throw new Error("never");
        },
      },
      false,
    );
    for (const use of [() => db.execute("a"), () => db.connection(), () => [...db.stream("s")]]) {
      expect(use).toThrow(ConnectionError);
      expect(use).toThrow("the hook onCheckout threw, so its connection was closed");
    }
  });

  it("do not undo work that was done when they throw after it", () => {
    const { db, drivers } = open({
      onCheckin: () => {
        throw new Error("not this one");
      },
    });
    expect(db.execute("a").rowCount).toBe(0);
    db.execute("b");
    expect(drivers.map(({ usable }) => usable)).toEqual([false, false]);
  });

  it.each(["onConnect", "onCheckout", "onCheckin"])("are refused when %s answers a promise", (name) => {
    const { db } = open({ [name]: async () => Promise.reject(new Error("late")) });
    expect(() => db.execute("a")).toThrow(UnsupportedError);
    expect(() => db.execute("a")).toThrow(`the hook ${name} answered a promise`);
  });

  it("are refused when they are none", () => {
    expect(() => open({ onconnect: () => {} })).toThrow(ConfigurationError);
    expect(() => open({ onConnect: "SET x" })).toThrow("expected hooks to be");
  });

  it("are called again for a connection that was lost while it was in use", () => {
    const { db, drivers, calls } = open(all);
    const handle = db.connection();
    for (const driver of drivers) driver.usable = false;
    db.execute("a");
    handle.close();
    db.execute("b");
    expect(calls).toEqual(["made", "lent", "made", "lent", "a", "lent", "b", "back"]);
  });
});
