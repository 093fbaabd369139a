import { createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/backends/postgres/connect.ts";
import type { PostgresConnection } from "../../src/backends/postgres/driver.ts";
import { isMissing, type PrivateServer, startPrivatePostgres } from "../servers/index.ts";
import { failure, open, rows, statement, targetOf, until, value } from "./postgres-connection.ts";

const started = await startPrivatePostgres({ settings: { max_connections: "12" } });

/** A TCP server on a free port that treats its clients as told, and counts them. */
async function listen(
  treat: (socket: Socket) => void,
): Promise<{ port: number; sockets: Set<Socket>; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.resume();
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    treat(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("expected a port");
  return { port: address.port, sockets, server };
}

describe.skipIf(isMissing(started))("faults of PostgreSQL", () => {
  const postgres = (): PrivateServer => {
    if (isMissing(started)) throw new Error(started.reason);
    return started;
  };
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  const opened: PostgresConnection[] = [];
  const listening: Server[] = [];

  async function get(more: Parameters<typeof open>[1] = {}): Promise<PostgresConnection> {
    const connection = await open(postgres().url, more);
    opened.push(connection);
    return connection;
  }

  beforeAll(() => {
    process.on("uncaughtException", note);
    process.on("unhandledRejection", note);
  });
  afterEach(() => {
    for (const connection of opened.splice(0)) connection.destroy();
    for (const server of listening.splice(0)) server.close();
    expect(uncaught).toEqual([]);
  });
  afterAll(async () => {
    process.off("uncaughtException", note);
    process.off("unhandledRejection", note);
    await postgres().close();
  });

  const sessions = (observer: PostgresConnection) =>
    value(observer, "select count(*) from pg_stat_activity where application_name = 'strata tests'");

  describe("connecting", () => {
    async function refusal(more: Parameters<typeof targetOf>[1]) {
      const begin = performance.now();
      const error = await failure(connect(targetOf(postgres().url, more)), "connect");
      expect(performance.now() - begin).toBeLessThan((more?.connectTimeoutMs ?? 5_000) + 250);
      expect(error.outcome).toBe("not_sent");
      expect(`${error} ${JSON.stringify(error)}`).not.toContain(postgres().password);
      return error;
    }

    it("refuses a wrong password, no password, an unknown user and an unknown database for good", async () => {
      const observer = await get({ alias: "observer" });
      const cases = [
        [{ password: () => "wrong" }, "28P01", /check the user and the password/],
        [{ password: () => undefined }, undefined, /expected a password/],
        [{ user: "nobody" }, "28P01", /check the user/],
        [{ database: "nowhere" }, "3D000", /"nowhere" does not exist; create the database/],
      ] as const;
      for (const [more, sqlState, message] of cases) {
        const error = await refusal(more);
        expect(error).toMatchObject({ code: "STRATA_CONNECTION_REFUSED", retryable: false });
        expect(error.sqlState).toBe(sqlState);
        expect(error.message).toMatch(message);
      }
      await until(async () => (await sessions(observer)) === 0);
    });

    it("asks for the password each time", async () => {
      const passwords = ["wrong", postgres().password];
      const password = async () => passwords.shift();
      expect(await refusal({ password })).toMatchObject({ sqlState: "28P01" });
      await get({ password });
      const broken = new Error("no vault");
      expect((await refusal({ password: () => Promise.reject(broken) })).cause).toBe(broken);
    });

    it("reports a port that nobody listens on, and a name that nobody has", async () => {
      const { port, server } = await listen(() => {});
      await new Promise((resolve) => server.close(resolve));
      expect(await refusal({ port })).toMatchObject({
        code: "STRATA_CONNECTION",
        driverCode: "ECONNREFUSED",
        retryable: true,
      });
      expect(await refusal({ host: "localhost", port })).toMatchObject({
        message: expect.stringContaining(`localhost:${port}`),
      });
      expect(await refusal({ host: "nowhere.invalid", options: { ssl: false } })).toMatchObject({
        code: "STRATA_CONNECTION",
      });
    });

    it("gives up in time on a server that says nothing, and on a password that never comes", async () => {
      const { port, sockets, server } = await listen(() => {});
      listening.push(server);
      const timeout = { code: "STRATA_CONNECT_TIMEOUT", message: expect.stringContaining("within 0.2 s") };
      expect(await refusal({ port, connectTimeoutMs: 200 })).toMatchObject(timeout);
      expect(await refusal({ port, connectTimeoutMs: 200, options: { ssl: true } })).toMatchObject(timeout);
      expect(await refusal({ password: () => new Promise(() => {}), connectTimeoutMs: 200 })).toMatchObject(
        timeout,
      );
      await until(() => sockets.size === 0);
    });

    it("gives up in time on a host that no packet reaches", async () => {
      // 240.0.0.0/4 is reserved: depending on the network the packets are lost or refused.
      const error = await refusal({ host: "240.0.0.1", connectTimeoutMs: 300 });
      expect(error.name).toMatch(/^Connect/);
    });

    it.each([
      [
        "an HTTP server",
        (socket: Socket) => socket.once("data", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")),
      ],
      ["an SSH server", (socket: Socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")],
      ["a MySQL server", (socket: Socket) => socket.write("\x4a\0\0\0\x0a10.11.6-MariaDB\0")],
    ])("tells that %s does not speak the protocol", async (_, treat) => {
      const { port, sockets, server } = await listen(treat);
      listening.push(server);
      const error = await refusal({ port, connectTimeoutMs: 2_000 });
      expect(error.message).toMatch(/does not speak PostgreSQL's protocol/);
      await until(() => sockets.size === 0);
    });

    it("reports a server that hangs up", async () => {
      const { port, server } = await listen((socket) => socket.destroy());
      listening.push(server);
      expect(await refusal({ port })).toMatchObject({ name: "ConnectionError" });
    });

    it("tells that the server does not speak TLS, and how to do without", async () => {
      const error = await refusal({ options: { ssl: true } });
      expect(error).toMatchObject({ code: "STRATA_CONNECTION_REFUSED" });
      expect(error.message).toMatch(/does not support SSL.*"disable" connects without TLS/);
    });

    it("reports that the server has no connection to spare", async () => {
      const observer = await get({ alias: "observer" });
      for (let i = 0; i < 20; i++) {
        const attempt = await connect(targetOf(postgres().url, {})).then(
          (connection) => opened.push(connection),
          (error: unknown) => error,
        );
        if (typeof attempt === "number") continue;
        expect(attempt).toMatchObject({
          name: "ConnectionError",
          sqlState: "53300",
          outcome: "not_sent",
          retryable: true,
        });
        expect(await value(observer, "select 1")).toBe(1);
        return;
      }
      throw new Error("expected the server to refuse");
    });
  });

  describe("losing the connection", () => {
    it("while idle: it is not usable, and says so to the next caller", async () => {
      const [connection, killer] = [await get(), await get()];
      await rows(killer, "select pg_terminate_backend($1::int)", [
        await value(connection, "select pg_backend_pid()"),
      ]);
      await until(() => !connection.usable);
      expect(await failure(rows(connection, "select 1"))).toMatchObject({
        name: "ConnectionError",
        outcome: "not_sent",
        retryable: true,
      });
      await connection.close();
    });

    it("while a statement runs: its effect is unknown", async () => {
      const [connection, killer] = [await get(), await get()];
      const pid = await value(connection, "select pg_backend_pid()");
      const running = failure(rows(connection, "select pg_sleep(20)"));
      await rows(killer, "select pg_terminate_backend($1::int)", [pid]);
      expect(await running).toMatchObject({
        name: "ConnectionError",
        sqlState: "57P01",
        outcome: "unknown",
        retryable: false,
      });
      expect(connection.usable).toBe(false);
    });

    it("by destroy, in a statement, in a transaction, twice", async () => {
      const [connection, observer] = [await get(), await get()];
      await connection.begin({});
      const pid = await value(connection, "select pg_backend_pid()");
      const running = failure(rows(connection, "select pg_sleep(0.2)"));
      connection.destroy();
      connection.destroy();
      expect(connection.usable).toBe(false);
      expect(await running).toMatchObject({ name: "ConnectionError", outcome: "unknown" });
      await until(
        async () =>
          (await rows(observer, "select 1 from pg_stat_activity where pid = $1", [pid])).length === 0,
      );
    });

    it("by a limit on idle transactions: rolled back", async () => {
      const connection = await get();
      await rows(connection, "set idle_in_transaction_session_timeout = '50ms'");
      await connection.begin({});
      await until(() => !connection.usable);
      const error = await failure(rows(connection, "select 1"));
      expect(error).toMatchObject({ name: "ConnectionError", outcome: "not_sent" });
      expect(error.message).toMatch(/idle-in-transaction timeout/);
    });

    it("at COMMIT, at any moment of it: unknown, never a success", async () => {
      const upstream = postgres().port;
      let cutAnswer = false;
      const { connect: dial } = await import("node:net");
      const { port, server } = await listen((client) => {
        const target = dial(upstream, "127.0.0.1");
        target.on("error", () => {});
        client.pipe(target);
        target.on("data", (chunk) => (cutAnswer ? client.resetAndDestroy() : client.write(chunk)));
        client.on("close", () => target.destroy());
      });
      listening.push(server);
      const observer = await get();
      await rows(observer, "create table if not exists committed (a int)");
      const connection = await get({ port });
      await connection.begin({});
      await rows(connection, "insert into committed values (1)");
      cutAnswer = true;
      expect(await failure(connection.commit(), "commit")).toMatchObject({
        name: "ConnectionError",
        outcome: "unknown",
        retryable: false,
      });
      expect(await value(observer, "select count(*) from committed")).toBe(1);
    });

    it("by a crash of the server, which comes back", async () => {
      const connection = await get();
      const running = failure(rows(connection, "select pg_sleep(20)"));
      const idle = await get();
      await postgres().kill9();
      expect(await running).toMatchObject({ name: "ConnectionError", outcome: "unknown" });
      await until(() => !idle.usable);
      expect(await failure(connect(targetOf(postgres().url)), "connect")).toMatchObject({
        outcome: "not_sent",
        retryable: true,
      });
      await postgres().start();
      expect(await value(await get(), "select 1")).toBe(1);
    });
  });

  describe("stopping a statement", () => {
    it("ends it on the server, and leaves the connection as it was", async () => {
      const [connection, observer] = [await get(), await get()];
      const running = failure(rows(connection, "select pg_sleep(20)"));
      const active = () =>
        rows(observer, "select 1 from pg_stat_activity where query like '%sleep(20)' and state = 'active'");
      await until(async () => (await active()).length === 1);
      const begin = performance.now();
      await connection.cancel();
      expect(await running).toMatchObject({
        name: "QueryTimeoutError",
        sqlState: "57014",
        outcome: "rejected",
      });
      expect(performance.now() - begin).toBeLessThan(1_000);
      expect(await active()).toEqual([]);
      expect(await value(connection, "select 1")).toBe(1);
    });

    it("never hits a later statement", async () => {
      const connection = await get();
      for (let i = 0; i < 200; i++) {
        const running = rows(connection, "select pg_sleep($1::float8)", [i % 2 === 0 ? 0 : 0.001]).catch(
          () => [],
        );
        await connection.cancel();
        await running;
        expect(await value(connection, "select 1")).toBe(1);
      }
    });

    it("does nothing when nothing runs", async () => {
      const connection = await get();
      await connection.cancel();
      expect(await value(connection, "select 1")).toBe(1);
    });

    it("stops a batch and a stream too", async () => {
      const connection = await get();
      const batch = failure(
        connection.executeMany(
          statement("select pg_sleep($1::float8)"),
          Array.from({ length: 50 }, () => ["0.5"]),
        ),
      );
      await connection.cancel();
      expect(await batch).toMatchObject({ sqlState: "57014" });
      const cursor = await connection.stream(
        statement("select g, pg_sleep(0.5) from generate_series(1, 100) g"),
        [],
      );
      const reading = failure(cursor.read(100));
      await connection.cancel();
      expect(await reading).toMatchObject({ sqlState: "57014" });
      await cursor.close();
      expect(await value(connection, "select 1")).toBe(1);
    });

    it("gives the connection up when the server does not take the request", async () => {
      let deaf = false;
      const { connect: dial } = await import("node:net");
      const { port, server } = await listen((client) => {
        if (deaf) return;
        const target = dial(postgres().port, "127.0.0.1");
        target.on("error", () => {});
        client.pipe(target).pipe(client);
        client.on("close", () => target.destroy());
      });
      listening.push(server);
      const connection = await get({ port });
      const running = failure(rows(connection, "select pg_sleep(0.1), pg_sleep(20)"));
      deaf = true;
      await connection.cancel();
      expect(connection.usable).toBe(false);
      expect(await running).toMatchObject({ name: "ConnectionError", outcome: "unknown" });
    });
  });
});
