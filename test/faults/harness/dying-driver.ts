import type { ConnectTarget, DriverConnection } from "../../../src/backend/index.ts";
import { mysqlBackend } from "../../../src/backends/mysql/index.ts";
import { postgresBackend } from "../../../src/backends/postgres/index.ts";
import type { Awaitable } from "../../../src/operation/index.ts";

// What the thread of a blocking connection loads in place of a driver: the driver, but for statements that name a
// way for the thread to die.

/** Ways to die inside of a call. */
export const deaths = ["exit", "throw", "memory", "spin"] as const;

const memory: unknown[] = [];

function die(how: (typeof deaths)[number]): Promise<never> {
  switch (how) {
    case "exit":
      process.exit(7);
      break;
    case "throw":
      setImmediate(() => {
        throw new Error("thrown where nobody catches it");
      });
      break;
    case "memory":
      for (;;) memory.push(new Array(100_000).fill(memory.length));
    case "spin":
      for (;;);
  }
  return new Promise(() => {});
}

async function mortal(connecting: Awaitable<DriverConnection>): Promise<DriverConnection> {
  const connection = await connecting;
  const execute = connection.execute.bind(connection);
  connection.execute = (statement, values, limits) => {
    const how = deaths.find((death) => statement.text.includes(`die:${death}`));
    return how === undefined ? execute(statement, values, limits) : die(how);
  };
  return connection;
}

export const connectPostgres = (target: ConnectTarget): Promise<DriverConnection> =>
  mortal(postgresBackend.connect(target));

export const connectMysql = (target: ConnectTarget): Promise<DriverConnection> =>
  mortal(mysqlBackend.connect(target));
