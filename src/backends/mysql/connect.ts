import type { Socket } from "node:net";
import type { ConnectTarget } from "../../backend/index.ts";
import { ConnectTimeoutError } from "../../errors/index.ts";
import { MysqlConnection } from "./driver.ts";
import { toDatabaseError } from "./errors.ts";
import { loadDriver } from "./loading.ts";
import type { MariadbConnection } from "./mariadb.ts";
import { openSession, type Session } from "./open.ts";
import { parseMysqlOptions } from "./options.ts";
import { checkServer, type ServerFacts, serverFacts } from "./server-facts.ts";
import { sessionSetup } from "./session.ts";
import { toResult } from "./types.ts";
import { outOfStep } from "./wire-guard.ts";

/** Time for a KILL over a connection of its own; the caller of the statement has his answer long before. */
const longestKillMs = 5000;

/** Connects, within `connectTimeoutMs` altogether. Every failure is one of the library's errors. */
export async function connect(target: ConnectTarget): Promise<MysqlConnection> {
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(timedOut(target));
      socket?.destroy(new Error("not connected in time"));
    }, target.connectTimeoutMs);
  });
  const work = login(target, (made) => {
    socket = made;
  });
  work.catch(() => socket?.destroy());
  try {
    return await Promise.race([work, timeout]);
  } catch (error) {
    // What comes too late is not kept.
    work.then((connection) => connection.destroy()).catch(() => {});
    throw toDatabaseError(error, { operation: "connect" });
  } finally {
    clearTimeout(timer);
  }
}

async function login(target: ConnectTarget, onSocket: (socket: Socket) => void): Promise<MysqlConnection> {
  const options = parseMysqlOptions(target.options);
  const driver = await loadDriver();
  const session = await openSession(driver, target, options, onSocket);
  const facts = serverFacts(session.connection.info);
  checkServer(facts);
  const largestPacketBytes = await setUp(session.connection, facts);
  session.check.loggedIn(largestPacketBytes);
  // The address that answered: a name may lead to another server next time.
  const address =
    options.ssl === undefined || options.ssl === false ? session.socket.remoteAddress : undefined;
  return new MysqlConnection({
    session,
    facts,
    largestPacketBytes,
    driverVersion: `mariadb ${driver.version}`,
    database: target.database,
    statementCacheSize: options.statementCacheSize,
    killTimeoutMs: Math.min(target.connectTimeoutMs, longestKillMs),
    openAnother: (on): Promise<Session> => openSession(driver, target, options, on, address),
  });
}

/** One round trip: both statements are sent at once. */
async function setUp(connection: MariadbConnection, facts: ServerFacts): Promise<number> {
  const [, packet] = await Promise.all([
    connection.query(sessionSetup(facts.flavour)),
    connection.query("SELECT @@max_allowed_packet"),
  ]);
  const bytes = Number(toResult(packet).rows[0]?.[0]);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  connection.end().catch(() => {});
  throw outOfStep(new Error("expected max_allowed_packet to be a number of bytes"));
}

function timedOut({ host, port, connectTimeoutMs }: ConnectTarget): ConnectTimeoutError {
  return new ConnectTimeoutError(
    `no connection to ${host}:${port} within ${connectTimeoutMs / 1000} s: check host, port and network`,
    { backend: "mysql", operation: "connect" },
  );
}
