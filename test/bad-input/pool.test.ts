import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type AsyncConnection,
  ClosedError,
  ConfigurationError,
  type Database,
  DatabaseError,
  DatabaseManager,
  ValidationError,
} from "../../src/index.ts";
import { folder } from "./bench.ts";

const meta = { backend: "sqlite/async" };

function open(options: Readonly<Record<string, unknown>> = {}): Database {
  const db = DatabaseManager.connect("sqlite", { database: join(folder(), "app.db"), ...options });
  onTestFinished(() => db.close({ timeout: 0 }));
  return db;
}

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("a pool's options", () => {
  it.each([
    [
      "more kept than there may be",
      { minSize: 5, maxSize: 2 },
      /"minSize" of at most "maxSize" \(2\), got 5/,
    ],
    ["no connection at all", { maxSize: 0 }, /maxSize.*expected a whole number from 1/],
    ["half a connection", { maxSize: 1.5 }, /maxSize.*whole number/],
    ["less than nothing above", { maxOverflow: -1 }, /maxOverflow.*from 0/],
    ["a keepalive that never comes", { keepalive: 20, recycle: 10 }, /"keepaliveMs" below "recycleMs"/],
    ["a reclaim without a threshold", { reclaimLeaks: true }, /"leakThresholdMs" above 0/],
    ["a negative time", { recycle: -1 }, /recycle/],
    ["an infinite time", { idleTimeout: Number.POSITIVE_INFINITY }, /idleTimeout/],
    ["no number", { keepalive: Number.NaN }, /keepalive/],
    ["a time as a text", { validateAfterIdle: "5" }, /validateAfterIdle/],
    ["an unknown option", { max: 5 }, /max/],
    ["an unknown preset", "huge", /light/],
  ])("refuse %s", async (_, pool, says) => {
    const error = await thrownBy(() => open({ pool }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toMatch(says);
  });

  it.each(["connectionAcquisitionTimeout", "poolCreationTimeout", "connectionCreationTimeout"])(
    "refuse a %s that is no time",
    async (name) => {
      for (const value of [-1, 0, Number.NaN, Number.POSITIVE_INFINITY, "1", null]) {
        const error = await thrownBy(() => open({ [name]: value }));
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(String(error)).toContain(name);
      }
    },
  );
});

describe("hooks", () => {
  it("are refused by a name that is none, when the database is configured", { meta }, async () => {
    for (const hooks of [{ onConnected: () => {} }, { onCheckout: "SELECT 1" }, () => {}, "onConnect"]) {
      const error = await thrownBy(() => open({ hooks }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(String(error)).toMatch(/expected hooks to be|hooks: expected/);
    }
  });

  it("that throw each time fail the call within its time, and leave the database closable", {
    meta,
  }, async () => {
    for (const name of ["onConnect", "onCheckout"]) {
      const hook = () => {
        throw new Error("broken hook");
      };
      const db = open({ hooks: { [name]: hook }, retry: false });
      const begin = performance.now();
      const error = await thrownBy(() => db.execute("SELECT 1", [], { timeout: 0.3 }));
      expect(error).toBeInstanceOf(DatabaseError);
      expect(error).toMatchObject({ outcome: "not_sent" });
      expect(performance.now() - begin).toBeLessThan(1_500);
      expect(db.getPoolMetrics()).toMatchObject({ inUse: 0, waiting: 0 });
      await db.close({ timeout: 0 });
    }
  });

  it("that throw after the work do not undo it", { meta }, async () => {
    const db = open({
      hooks: {
        onCheckin: () => {
          throw new Error("broken hook");
        },
      },
    });
    for (let i = 0; i < 3; i++) await db.saveEntity("things", { id: `t${i}` });
    expect(await db.countEntities("things")).toBe(3);
  });

  it("that never return keep nobody waiting beyond the call's time", { meta }, async () => {
    for (const name of ["onConnect", "onCheckout"]) {
      const db = open({ hooks: { [name]: () => new Promise(() => {}) } });
      const begin = performance.now();
      const error = await thrownBy(() => db.execute("SELECT 1", [], { timeout: 0.3 }));
      expect(error).toMatchObject({ code: "STRATA_POOL_TIMEOUT", outcome: "not_sent" });
      expect(performance.now() - begin).toBeLessThan(1_500);
      await db.close({ timeout: 0 });
    }
  });

  it("that never return after the work leave the next caller another connection", { meta }, async () => {
    let hangs = true;
    const onCheckin = () => (hangs ? new Promise(() => {}) : undefined);
    const db = open({ hooks: { onCheckin } });
    await db.execute("SELECT 1");
    hangs = false;
    await db.execute("SELECT 2", [], { timeout: 2 });
    await db.close({ timeout: 0 });
  });
});

describe("a connection", () => {
  it("that was given back is of no use, and closing it twice does nothing", { meta }, async () => {
    const db = open({ pool: { maxSize: 1, maxOverflow: 0 } });
    const connection = await db.connection();
    await connection.close();
    await connection.close();
    const uses: (() => unknown)[] = [
      () => connection.execute("SELECT 1"),
      () => connection.transaction(() => 1),
      () => connection.saveEntity("things", { id: "a" }),
      () => connection.ping(),
    ];
    for (const use of uses) {
      const error = await thrownBy(use);
      expect(error).toBeInstanceOf(ClosedError);
      expect(error).toMatchObject({ outcome: "not_sent" });
    }
    // The one who has it now is not disturbed by any of it.
    await db.connection(async (other) => {
      await thrownBy(() => connection.close());
      expect((await other.execute("SELECT 1"))[0]?.[0]).toBeDefined();
    });
    expect(db.getPoolMetrics()).toMatchObject({ inUse: 0, size: 1 });
  });

  it("that is kept from a callback is of no use after it", { meta }, async () => {
    const db = open();
    let kept: AsyncConnection | undefined;
    await db.connection((connection) => {
      kept = connection;
    });
    expect(await thrownBy(() => kept?.execute("SELECT 1"))).toBeInstanceOf(ClosedError);
  });
});

describe("closing a database", () => {
  it("while a caller waits for a connection refuses the caller", { meta }, async () => {
    const db = open({ pool: { maxSize: 1, maxOverflow: 0 } });
    const held = await db.connection();
    const waiting = thrownBy(() => db.execute("SELECT 1"));
    const closing = db.close({ timeout: 0.05 });
    expect(await waiting).toBeInstanceOf(ClosedError);
    await closing;
    expect(await thrownBy(() => held.execute("SELECT 1"))).toBeInstanceOf(DatabaseError);
    expect(await thrownBy(() => db.execute("SELECT 1"))).toBeInstanceOf(ClosedError);
    await held.close();
    await db.close();
  });

  it("while the first connection is being made refuses the caller, and leaves none open", {
    meta,
  }, async () => {
    const db = open({ hooks: { onConnect: () => new Promise((resolve) => setTimeout(resolve, 50)) } });
    const first = thrownBy(() => db.execute("SELECT 1"));
    await db.close({ timeout: 1 });
    expect(await first).toBeInstanceOf(ClosedError);
  });
});

describe("a warm-up", () => {
  it("of more connections than there may be, or of no number, is refused", { meta }, async () => {
    const db = open({ pool: { maxSize: 2 } });
    for (const count of [3, -1, 0.5, Number.NaN]) {
      expect(await thrownBy(() => db.warmup(count))).toBeInstanceOf(ValidationError);
    }
    await db.warmup(2);
    expect(db.getPoolMetrics().size).toBe(2);
  });
});
