import dns from "node:dns";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { answerOf } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { FaultProxy } from "../harness/proxy.ts";
import { type FaultDatabase, missing, serverBackends, sharedDatabase } from "../harness/targets.ts";

const name = "db.faults.test";

describe.each(serverBackends)("row 14: the name leads elsewhere, on %s", (backend) => {
  let database: FaultDatabase | undefined;
  const proxies: FaultProxy[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    await DatabaseManager.closeAll({ timeout: 1 });
    for (const proxy of proxies.splice(0)) await proxy.close();
    await database?.drop();
  });

  it.skipIf(missing(backend) !== undefined)("first to A, then to B, then nowhere", async () => {
    const own = await sharedDatabase(backend);
    database = own;
    const port = Number(new URL(own.url).port);
    const a = await FaultProxy.start(port);
    const b = await FaultProxy.start(port, "127.0.0.2", a.port);
    proxies.push(a, b);
    let address: string | undefined = "127.0.0.1";
    let lookups = 0;
    // All that Node connects to is looked up here; the type of the original has too many forms to be repeated.
    vi.spyOn(dns, "lookup").mockImplementation((host: string, options: unknown, callback?: unknown) => {
      const answer = typeof options === "function" ? options : callback;
      if (typeof answer !== "function") throw new Error("expected a callback");
      lookups += 1;
      const failed = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" });
      const all = typeof options === "object" && options !== null && "all" in options && options.all === true;
      process.nextTick(() => {
        if (address === undefined) answer(failed);
        else if (all) answer(null, [{ address, family: 4 }]);
        else answer(null, address, 4);
      });
    });
    const url = new URL(own.url);
    url.hostname = name;
    url.port = String(a.port);
    const db = DatabaseManager.connect(url.href, { alias: "strata dns", ssl: false, pool: { maxSize: 2 } });
    const first = await answerOf(db.execute("SELECT 1"));
    const toA = a.arrivals.length;
    address = "127.0.0.2";
    a.resetAll();
    const second = await answerOf(db.execute("SELECT 1", [], { timeout: 3 }));
    const toB = b.arrivals.length;
    address = undefined;
    b.resetAll();
    const nowhere = await answerOf(db.execute("SELECT 1", [], { timeout: 0.5 }));
    address = "127.0.0.1";
    const again = await answerOf(db.execute("SELECT 1", [], { timeout: 6 }));
    measure("14", backend, {
      "to A": toA,
      "to B": toB,
      lookups,
      nowhere: nowhere.said,
      "nowhere ms": nowhere.ms,
      afterwards: again.said,
      "afterwards ms": again.ms,
    });
    expect([first.said, second.said, again.said]).toEqual(["ok", "ok", "ok"]);
    expect(toA).toBe(1);
    expect(toB).toBeGreaterThan(0);
    expect(nowhere.said).toMatch(/\/not_sent$/);
    expect(nowhere.ms).toBeLessThan(500 + marginMs);
  });
});
