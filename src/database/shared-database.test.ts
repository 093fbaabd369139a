import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { BackendDefinition, ConnectTarget } from "../backend/index.ts";
import { DatabaseConfig, type DatabaseOptions } from "../config/index.ts";
import { Call, type ConnectionCore } from "../connection/index.ts";
import { ConnectionError, type DatabaseError, SqlSyntaxError, UnsupportedError } from "../errors/index.ts";
import { type Awaitable, runAsync, runSync } from "../operation/index.ts";
import { FakeDriver, fakeBackend } from "../testing/fake-driver.ts";
import { never } from "../testing/fake-resource.ts";
import { SharedDatabase } from "./shared-database.ts";

type Server = (target: ConnectTarget) => Awaitable<FakeDriver>;

const up: Server = () => new FakeDriver();
const down: Server = () => {
  throw new Error("connect ECONNREFUSED");
};
const hanging: Server = () => new Promise<FakeDriver>(() => {});
const isReadOnlyServer = { sql: "SELECT read_only" };

/** A cluster of three servers, each of which answers as it is told; `asked` lists the targets that were tried. */
function cluster(
  servers: Record<string, Server>,
  options: Partial<DatabaseOptions> = {},
  changes: Partial<BackendDefinition> = {},
) {
  const asked: ConnectTarget[] = [];
  const made = new Map<string, FakeDriver>();
  const backend = fakeBackend(
    async (target) => {
      asked.push(target);
      const driver = await (servers[target.host] ?? down)(target);
      made.set(target.host, driver);
      return driver;
    },
    { defaultPort: 7000, ...changes },
  );
  const config = new DatabaseConfig({ database: "d", hosts: ["a", "b:7001", "c"], ...options });
  const shared = new SharedDatabase(backend, config);
  const environment = shared.environment(false);
  const open = (timeoutMs = 3000): Promise<ConnectionCore> => runAsync(shared.open(environment, timeoutMs));
  const hosts = () => asked.splice(0).map(({ host }) => host);
  return { shared, environment, servers, asked, made, open, hosts };
}

async function failure(work: Promise<unknown>): Promise<DatabaseError> {
  return await work.then(
    () => expect.fail("expected a failure"),
    (error) => error,
  );
}

describe("SharedDatabase.open", () => {
  it("does nothing until it is asked, and then tries the servers in the order given", async () => {
    const { open, asked } = cluster({ c: up });
    expect(asked).toEqual([]);
    expect((await open()).usable).toBe(true);
    expect(asked.map(({ host, port }) => `${host}:${port}`)).toEqual(["a:7000", "b:7001", "c:7000"]);
  });

  it("does not wait for a driver that never ends its connect, and ends what it makes too late", async () => {
    const late = Promise.withResolvers<FakeDriver>();
    const { open, asked } = cluster({ a: () => late.promise, b: hanging, c: up });
    expect((await open(120)).usable).toBe(true);
    expect(asked).toHaveLength(3);
    const { open: openNone } = cluster({ a: hanging, b: hanging, c: hanging });
    const error = await failure(openNone(60));
    expect(error).toMatchObject({ code: "STRATA_CONNECT_TIMEOUT", outcome: "not_sent" });
    const driver = new FakeDriver();
    late.resolve(driver);
    await vi.waitFor(() => expect(driver.usable).toBe(false));
  });

  it("begins with the server that answered last, and goes round from there", async () => {
    const { open, servers, hosts } = cluster({ b: up });
    await open();
    expect(hosts()).toEqual(["a", "b"]);
    await open();
    expect(hosts()).toEqual(["b"]);
    servers.b = down;
    servers.a = up;
    await open();
    expect(hosts()).toEqual(["b", "c", "a"]);
    await open();
    expect(hosts()).toEqual(["a"]);
  });

  it("tries every server once, although another opening meets one meanwhile", async () => {
    const gate = Promise.withResolvers<void>();
    const { open, servers, hosts } = cluster({
      a: async () => {
        await gate.promise;
        throw new Error("gone");
      },
      c: up,
    });
    const slow = open();
    servers.a = down;
    await open();
    hosts();
    servers.c = down;
    gate.resolve();
    await failure(slow);
    expect(hosts()).toEqual(["b", "c"]);
  });

  it("shares the time among the servers that are left", async () => {
    const { open, asked } = cluster({});
    await failure(open(3000));
    const [a = 0, b = 0, c = 0] = asked.map(({ connectTimeoutMs }) => connectTimeoutMs);
    // Hardly any time goes by, so that each next one has half, and then all, of it.
    expect([a, b, c].map((ms) => Math.round(ms / 100) * 100)).toEqual([1000, 1500, 3000]);
    asked.length = 0;
    await failure(open(0));
    expect(asked.map(({ connectTimeoutMs }) => connectTimeoutMs)).toEqual([1, 1, 1]);
  });

  it("throws the last failure when none can be reached: nothing was sent", async () => {
    const { open } = cluster({
      c: () => {
        throw new Error("no route");
      },
    });
    const error = await failure(open());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({
      message: "no route",
      outcome: "not_sent",
      operation: "connect",
      backend: "fake",
    });
  });

  it("stops at a server that refuses the login, or at a mistake", async () => {
    for (const refusal of [
      new ConnectionError("password", {}, "STRATA_CONNECTION_REFUSED"),
      new UnsupportedError("no such option"),
    ]) {
      const { open, hosts } = cluster({
        a: () => {
          throw refusal;
        },
        b: up,
      });
      expect(await failure(open())).toBe(refusal);
      expect(hosts()).toEqual(["a"]);
    }
  });

  it("connects to one host without a list", async () => {
    const { open, asked } = cluster({ lone: up }, { hosts: undefined, host: "lone", port: 7009 });
    await open();
    expect(asked).toMatchObject([{ host: "lone", port: 7009 }]);
  });

  it("makes no synchronous connection where there is none, and blocks where there is", () => {
    const sync = new SharedDatabase(fakeBackend(up), new DatabaseConfig({ database: "d" }));
    expect(() => runSync(sync.open(sync.environment(true), 100))).toThrow(UnsupportedError);
    const driver = new FakeDriver();
    const backend = fakeBackend(up, { connectSync: () => driver });
    const both = new SharedDatabase(backend, new DatabaseConfig({ database: "d" }));
    expect(runSync(both.open(both.environment(true), 100)).driver).toBe(driver);
  });
});

describe("the role of a server", () => {
  const answering =
    (readOnly: number): Server =>
    () =>
      new FakeDriver((call) => (call === isReadOnlyServer.sql ? [[readOnly]] : undefined));
  const dialect = { dialect: { ...fakeBackend(up).dialect, isReadOnlyServer } };

  it("primary: passes over those that take no writes, and closes them in good order", async () => {
    const { open, hosts, made } = cluster({ a: answering(1), b: answering(0) }, { role: "primary" }, dialect);
    const core = await open();
    expect(hosts()).toEqual(["a", "b"]);
    expect(core.driver).toBe(made.get("b"));
    expect(made.get("a")?.calls).toEqual([isReadOnlyServer.sql, "CLOSE"]);
  });

  it("primary: says so when there is none", async () => {
    const { open } = cluster(
      { a: answering(1), b: answering(1), c: answering(1) },
      { role: "primary" },
      dialect,
    );
    expect(await failure(open())).toMatchObject({
      message: "c:7000 takes no writes, and a primary is wanted",
      outcome: "not_sent",
    });
  });

  it("any: asks nothing", async () => {
    const { open, made } = cluster({ a: answering(1) }, {}, dialect);
    await open();
    expect(made.get("a")?.calls).toEqual([]);
  });

  it("primary: asks nothing where there is only one kind of server", async () => {
    const { open, made } = cluster({ a: up }, { role: "primary" });
    await open();
    expect(made.get("a")?.calls).toEqual([]);
  });

  it("primary: passes over a server that is lost, or says nothing, when it is asked, and leaves it not open", async () => {
    const lost: Server = () =>
      new FakeDriver(() => {
        throw new ConnectionError("lost");
      });
    const silent: Server = () => new FakeDriver(() => never().then(() => undefined));
    const { open, made, hosts } = cluster(
      { a: lost, b: silent, c: answering(0) },
      { role: "primary" },
      dialect,
    );
    const core = await open(600);
    expect(hosts()).toEqual(["a", "b", "c"]);
    expect(core.driver).toBe(made.get("c"));
    expect(made.get("a")?.usable).toBe(false);
    expect(made.get("b")?.usable).toBe(false);
    const none = cluster({ c: lost }, { role: "primary" }, dialect);
    expect(await failure(none.open())).toMatchObject({ outcome: "not_sent", code: "STRATA_CONNECTION" });
  });

  it("primary: a failure of the question itself is thrown, and the connection is ended", async () => {
    const { open, made } = cluster(
      {
        a: () =>
          new FakeDriver(() => {
            throw new SqlSyntaxError("no such function");
          }),
        b: answering(0),
      },
      { role: "primary" },
      dialect,
    );
    expect(await failure(open())).toBeInstanceOf(SqlSyntaxError);
    expect(made.get("a")?.usable).toBe(false);
  });
});

describe("the environment of a shared database", () => {
  it("runs separate work on a connection of its own, which is closed behind it", async () => {
    const { environment, made } = cluster({ a: up });
    const call = new Call("test", environment.clock, 1000);
    await runAsync(environment.separately(call, (core) => core.execute("SELECT 1", undefined, call)));
    expect(made.get("a")?.calls).toEqual(["SELECT 1", "CLOSE"]);
    const failing = environment.separately(call, () => {
      throw new RangeError("mine");
    });
    await expect(runAsync(failing)).rejects.toThrow("mine");
    expect(made.get("a")?.calls).toEqual(["CLOSE"]);
  });

  it("sleeps in the way of the face", async () => {
    const { shared } = cluster({});
    expect(shared.environment(true).sleep(1)).toBeUndefined();
    const slept = shared.environment(false).sleep(1);
    expect(slept).toBeInstanceOf(Promise);
    await slept;
  });

  it("tells of an abandoned transaction; as a warning of the process when nobody listens", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const { shared } = cluster({});
    shared.reportAbandoned();
    expect(warn).toHaveBeenCalledTimes(1);
    const told: unknown[] = [];
    shared.events.on("transactionAbandoned", (event) => told.push(event));
    shared.reportAbandoned();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(told).toEqual([{ database: "d" }]);
  });
});

describe("the identity of a server", () => {
  const nodeIdentity = { sql: "SELECT identity" };
  const dialect = { dialect: { ...fakeBackend(up).dialect, isReadOnlyServer, nodeIdentity } };

  /** A server of the data `name`; a standby when it has no timeline. */
  const node =
    (timeline: number | null, name = "7001"): Server =>
    () =>
      new FakeDriver((call) =>
        call === nodeIdentity.sql ? [[timeline === null ? 1 : 0, name, timeline]] : undefined,
      );

  it("primary: passes over the primary of the past, once a newer one was seen, and asks once", async () => {
    const { open, servers, made, hosts } = cluster({ a: node(1) }, { role: "primary" }, dialect);
    await open();
    servers.a = node(2);
    await open();
    servers.a = node(1);
    servers.b = node(2);
    hosts();
    expect((await open()).driver).toBe(made.get("b"));
    expect(hosts()).toEqual(["a", "b"]);
    expect(made.get("a")?.calls).toEqual([nodeIdentity.sql, "CLOSE"]);
  });

  it("primary: says that the cluster is split when nobody else is there", async () => {
    const { open, servers } = cluster({ a: node(2) }, { role: "primary" }, dialect);
    await open();
    servers.a = node(1);
    servers.b = node(1);
    servers.c = node(9, "7002");
    expect(await failure(open())).toMatchObject({
      code: "STRATA_CONNECTION",
      outcome: "not_sent",
      message: expect.stringMatching(/^split brain: c:7000 holds other data/),
    });
  });

  it("tells of a failover once, so that older connections can be left", async () => {
    const { open, servers, shared } = cluster({ a: node(1) }, { role: "primary" }, dialect);
    const onFailover = vi.fn();
    shared.onFailover = onFailover;
    await open();
    expect(onFailover).not.toHaveBeenCalled();
    servers.a = node(2);
    await open();
    await open();
    expect(onFailover).toHaveBeenCalledTimes(1);
  });

  it("any: asks only where there are several servers, and takes standbys", async () => {
    const several = cluster({ a: node(null) }, {}, dialect);
    await several.open();
    expect(several.made.get("a")?.calls).toEqual([nodeIdentity.sql]);
    several.servers.a = node(null, "7002");
    expect(await failure(several.open())).toMatchObject({ code: "STRATA_CONNECTION" });
    const lone = cluster({ lone: node(1) }, { hosts: undefined, host: "lone" }, dialect);
    await lone.open();
    expect(lone.made.get("lone")?.calls).toEqual([]);
  });

  it("goes on as if there were none where a server does not tell, and asks no more", async () => {
    const secret: Server = () =>
      new FakeDriver((call) => {
        if (call === nodeIdentity.sql) throw new SqlSyntaxError("permission denied");
        return call === isReadOnlyServer.sql ? [[0]] : undefined;
      });
    const { open, made } = cluster({ a: secret }, { role: "primary" }, dialect);
    await open();
    expect(made.get("a")?.calls).toEqual([nodeIdentity.sql, isReadOnlyServer.sql]);
    await open();
    expect(made.get("a")?.calls).toEqual([isReadOnlyServer.sql]);
  });
});
