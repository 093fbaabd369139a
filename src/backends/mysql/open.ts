import { connect as connectSocket, type Socket } from "node:net";
import { userInfo } from "node:os";
import type { ConnectTarget } from "../../backend/index.ts";
import type { MariadbConnection, MariadbModule, MariadbOptions } from "./mariadb.ts";
import { isLocal, type MysqlOptions } from "./options.ts";
import { PacketCheck } from "./packet-check.ts";
import { tlsFor } from "./tls.ts";
import { guardSocket } from "./wire-guard.ts";

/** A session of the server and the socket that carries it. */
export interface Session {
  readonly connection: MariadbConnection;
  readonly socket: Socket;
  /** What looks at the server's packets. */
  readonly check: PacketCheck;
}

/**
 * Logs in. The socket is ours and not the driver's, because the driver's own way to end a connection at once is to
 * open another one and KILL it first. `at` overrules the host: for a second session with the very same server.
 */
export async function openSession(
  driver: MariadbModule,
  target: ConnectTarget,
  options: MysqlOptions,
  onSocket: (socket: Socket) => void,
  at?: string,
): Promise<Session> {
  const password = await target.password();
  let socket: Socket | undefined;
  const check = new PacketCheck();
  const stream = (): Socket => {
    const made = makeSocket(target, options, at);
    socket = made;
    // Now the driver listens, and nothing has been received.
    made.once("connect", () => guardSocket(made, check));
    onSocket(made);
    return made;
  };
  const connection = await driver.createConnection({
    ...driverOptions(target, options),
    ...(password === undefined ? {} : { password }),
    stream,
  });
  // For the connection's whole life: an error event that nobody hears would end the process.
  connection.on("error", () => {});
  if (socket === undefined) throw new Error("the driver connected without asking for a socket");
  return { connection, socket, check };
}

function makeSocket(target: ConnectTarget, options: MysqlOptions, at: string | undefined): Socket {
  const path = socketPath(target, options);
  if (path !== undefined) return connectSocket({ path });
  return connectSocket({
    host: at ?? target.host,
    port: target.port,
    noDelay: true,
    keepAlive: options.keepAlive > 0,
    keepAliveInitialDelay: options.keepAlive * 1000,
  });
}

function socketPath(target: ConnectTarget, options: MysqlOptions): string | undefined {
  return options.socketPath ?? (target.host.startsWith("/") ? target.host : undefined);
}

/** Every setting that answers, values and safety rely on is said, whatever the driver's default. */
function driverOptions(target: ConnectTarget, options: MysqlOptions): MariadbOptions {
  const path = socketPath(target, options);
  const local = path !== undefined || isLocal(target.host);
  return {
    host: target.host,
    port: target.port,
    // The name that the command-line client would take too; the driver would look at USERNAME.
    user: target.user ?? userInfo().username,
    ...(target.database === "" ? {} : { database: target.database }),
    ssl: path === undefined ? tlsFor(target.host, options.ssl) : false,
    allowPublicKeyRetrieval: options.allowPublicKeyRetrieval ?? local,
    connectAttributes: { program_name: target.alias },
    // Ours is the only clock.
    connectTimeout: 0,
    // A server may not send its clients elsewhere.
    permitRedirect: false,
    multipleStatements: false,
    permitLocalInfile: false,
    pipelining: true,
    prepareCacheLength: 0,
    // Else errors hold the values.
    logParam: false,
    // In the login already, so that the driver sends no SET NAMES of its own; `sessionSetup` makes it exact.
    collation: "UTF8MB4_BIN",
    foundRows: true,
    rowsAsArray: true,
    metaAsArray: true,
    dateStrings: true,
    // As text, which `types.ts` parses.
    jsonStrings: true,
    bitOneIsBoolean: false,
    insertIdAsNumber: false,
    bigIntAsNumber: false,
    decimalAsNumber: false,
  };
}
