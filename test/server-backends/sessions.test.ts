import { afterAll, beforeAll, expect, it } from "vitest";
import { AbortedError, type Database, DatabaseManager, QueryTimeoutError } from "../../src/index.ts";
import type { TestDatabase } from "../servers/index.ts";
import { describeOnServers, sleep } from "./database.ts";

interface Server {
  /** Answers the number of the session. */
  readonly session: string;
  /** Takes 30 seconds, and has a text by which it can be found. */
  readonly long: (text: string) => string;
  /** Answers a row for each query of other sessions with this text that is under way. */
  readonly running: (text: string) => string;
  /** Answers the name of the user that has logged in. */
  readonly user: string;
  readonly createUser: (name: string, database: TestDatabase) => readonly string[];
  readonly changePassword: (name: string) => string;
  readonly dropUser: (name: string) => string;
}

const servers: Readonly<Record<"postgres" | "mysql", Server>> = {
  postgres: {
    session: "SELECT pg_backend_pid()",
    long: (text) => `SELECT pg_sleep(30), '${text}'`,
    running: (text) =>
      `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%${text}%' AND pid <> pg_backend_pid()`,
    user: "SELECT CURRENT_USER",
    createUser: (name) => [`CREATE ROLE ${name} LOGIN PASSWORD 'first'`],
    changePassword: (name) => `ALTER ROLE ${name} PASSWORD 'second'`,
    dropUser: (name) => `DROP ROLE ${name}`,
  },
  mysql: {
    session: "SELECT CONNECTION_ID()",
    long: (text) => `SELECT SLEEP(30), '${text}'`,
    running: (text) =>
      `SELECT id FROM information_schema.processlist WHERE info LIKE '%${text}%' AND id <> CONNECTION_ID()`,
    user: "SELECT SUBSTRING_INDEX(USER(), '@', 1)",
    createUser: (name, database) => [
      `CREATE USER '${name}'@'%' IDENTIFIED BY 'first'`,
      `GRANT ALL ON ${database.name}.* TO '${name}'@'%'`,
    ],
    changePassword: (name) => `SET PASSWORD FOR '${name}'@'%' = PASSWORD('second')`,
    dropUser: (name) => `DROP USER '${name}'@'%'`,
  },
};

describeOnServers("sessions", (place) => {
  const server = servers[place.backend];
  let db: Database;
  beforeAll(() => {
    db = place.open({ alias: "sessions" });
  });
  afterAll(() => db.close());

  it("ends a query of 30 seconds at once when it is aborted, on the server too", async () => {
    const controller = new AbortController();
    const running = db.execute(server.long("the long one"), [], { signal: controller.signal });
    const failure = running.catch((error: unknown) => error);
    const active = () => place.database.query(server.running("the long one"));
    while ((await active()).length === 0) await sleep(20);
    const abortedAt = performance.now();
    controller.abort(new Error("no longer wanted"));
    expect(await failure).toBeInstanceOf(AbortedError);
    expect(performance.now() - abortedAt).toBeLessThan(200);
    expect(await active()).toEqual([]);
    expect([...(await db.execute("SELECT 1"))]).toEqual([[1]]);
  });

  it("ends a query of 30 seconds when its time is over, on the server too, and the connection goes on", async () => {
    await using one = place.open({ pool: { maxSize: 1 } });
    const session = async () => (await one.execute(server.session))[0]?.[0];
    const before = await session();
    const startedAt = performance.now();
    const failure = one.execute(server.long("out of time"), [], { timeout: 0.5 });
    await expect(failure).rejects.toBeInstanceOf(QueryTimeoutError);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await place.database.query(server.running("out of time"))).toEqual([]);
    expect(await session()).toBe(before);
  });

  it("ends an audited save that waits for a row at its limit, with nothing of it stored", async () => {
    await db.saveEntity("waiting", { id: "a", n: 1 });
    await using other = await db.connection();
    await other.beginTransaction();
    await other.execute("UPDATE [waiting] SET [n] = 2 WHERE [id] = ?", ["a"]);
    const startedAt = performance.now();
    await expect(db.saveEntity("waiting", { id: "a", n: 3 }, { timeout: 0.3 })).rejects.toMatchObject({
      name: "QueryTimeoutError",
      outcome: "rejected",
    });
    expect(performance.now() - startedAt).toBeLessThan(600);
    await other.rollbackTransaction();
    const stored = await db.getEntity("waiting", "a", { deserialize: true });
    expect(stored).toMatchObject({ n: 1, version: 1 });
    expect(await db.getEntityHistory("waiting", "a")).toHaveLength(1);
  });

  it("asks for the password at each new connection, so that one that has changed loses no query", async () => {
    const { database } = place;
    const user = database.name.slice(0, 32);
    let password = "first";
    for (const sql of server.createUser(user, database)) await database.query(sql);
    try {
      let asked = 0;
      const { hostname, port } = new URL(database.url);
      const rotating = DatabaseManager.connect(place.backend, {
        host: hostname,
        port: Number(port),
        database: database.name,
        user,
        password: () => {
          asked += 1;
          return Promise.resolve(password);
        },
        pool: { maxSize: 8 },
      });
      let finished = false;
      const queries = [0, 0, 0, 0];
      const callers = queries.map(async (_, caller) => {
        while (!finished) {
          expect([...(await rotating.execute(server.user))]).toEqual([[user]]);
          queries[caller] = (queries[caller] ?? 0) + 1;
        }
      });
      /** Each caller has asked some more; a caller that has failed ends the wait too. */
      const pause = async () => {
        const before = [...queries];
        const isDone = () => queries.every((count, caller) => count >= (before[caller] ?? 0) + 5);
        while (!isDone()) await Promise.race([sleep(5), ...callers]);
      };
      try {
        // Then all are logged in, so that nobody is half-way when the password changes.
        await pause();
        await database.query(server.changePassword(user));
        password = "second";
        const askedBefore = asked;
        // More at once than there are connections: the new ones log in with the new password.
        const held = await Promise.all(Array.from({ length: 6 }, () => rotating.connection()));
        await pause();
        for (const connection of held) await connection.close();
        rotating.clearIdle();
        await pause();
        expect(asked).toBeGreaterThan(askedBefore);
      } finally {
        finished = true;
        await Promise.all(callers);
      }
      await rotating.close();
    } finally {
      await database.query(server.dropUser(user));
    }
  });
});
