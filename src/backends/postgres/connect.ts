import type { ConnectTarget } from "../../backend/index.ts";
import { ConnectionError, ConnectTimeoutError, DatabaseError, UnsupportedError } from "../../errors/index.ts";
import { type Clock, systemClock } from "../../resilience/clock.ts";
import { PostgresConnection } from "./driver.ts";
import { toDatabaseError } from "./errors.ts";
import { loadDriver } from "./loading.ts";
import { type PostgresOptions, parsePostgresOptions, tlsFor } from "./options.ts";
import type { PgClient, PgConfig } from "./pg.ts";
import { parserFor } from "./types.ts";
import { expectProof, guardConnection } from "./wire-guard.ts";

/** The oldest server whose SQL has all that the dialect uses (hashtextextended came with 11). */
const oldestServer = 11;

/** An attempt to connect, which may be given up while it waits. */
interface Attempt {
  client: PgClient | null;
  givenUp: boolean;
}

/**
 * Connects and logs in, within `connectTimeoutMs` for all of it: the password's function, the name's look-up, TLS
 * and the log-in. A failure is a `ConnectionError` or one of its kin, nothing of it is left open.
 */
export async function connect(
  target: ConnectTarget,
  clock: Clock = systemClock,
): Promise<PostgresConnection> {
  const attempt: Attempt = { client: null, givenUp: false };
  const timeout = Promise.withResolvers<never>();
  const timer = clock.setTimer(() => timeout.reject(timeoutError(target)), target.connectTimeoutMs, {
    keepAlive: true,
  });
  try {
    return await Promise.race([open(target, attempt), timeout.promise]);
  } catch (error) {
    attempt.givenUp = true;
    attempt.client?.connection.stream.destroy();
    throw connectError(error, target);
  } finally {
    timer.clear();
  }
}

async function open(target: ConnectTarget, attempt: Attempt): Promise<PostgresConnection> {
  const options = parsePostgresOptions(target.options);
  const { pg, version } = loadDriver();
  const password = await target.password();
  if (attempt.givenUp) throw timeoutError(target);
  const config = clientConfig(target, options, password);
  const client = new pg.Client(config);
  attempt.client = client;
  // Before anything can fail: an error event that nobody listens to ends the process.
  client.on("error", () => {});
  const parameters = new Map<string, string>();
  client.connection.on("parameterStatus", (message) => {
    parameters.set(message.parameterName, message.parameterValue);
  });
  guardConnection(client.connection);
  expectProof(client.connection);
  await client.connect();
  refuseOldServer(parameters.get("server_version"));
  const connection = new PostgresConnection({
    client,
    parameters,
    tls: config.ssl,
    options,
    driver: `pg ${version}`,
  });
  await connection.prepareSession();
  return connection;
}

function clientConfig(
  target: ConnectTarget,
  options: PostgresOptions,
  password: string | undefined,
): PgConfig {
  return {
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    // A function, for pg would look for a missing password in the environment and in ~/.pgpass.
    password: async () => {
      if (password !== undefined && password !== "") return password;
      throw new ConnectionError(
        "expected a password, since the server asks for one; none is configured",
        { backend: "postgres", outcome: "not_sent" },
        "STRATA_CONNECTION_REFUSED",
      );
    },
    ssl: tlsFor(target.host, options.ssl),
    application_name: target.alias,
    ...(options.searchPath === undefined ? {} : { options: searchPathOption(options.searchPath) }),
    keepAlive: options.keepAlive > 0,
    keepAliveInitialDelayMillis: options.keepAlive * 1000,
    types: { getTypeParser: (oid) => parserFor(oid) },
  };
}

/** As a setting of the session's start it also survives RESET ALL. White space and backslashes need a backslash. */
function searchPathOption(schemas: readonly string[]): string {
  const list = schemas.map((schema) => `"${schema.replaceAll('"', '""')}"`).join(",");
  return `-c search_path=${list.replace(/[\\\s]/g, "\\$&")}`;
}

function refuseOldServer(version: string | undefined): void {
  const major = Number.parseInt(version ?? "", 10);
  if (!(major < oldestServer)) return;
  throw new UnsupportedError(`expected PostgreSQL ${oldestServer} or newer, got ${version}`, {
    backend: "postgres",
    operation: "connect",
  });
}

function connectError(error: unknown, target: ConnectTarget): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const plain = toDatabaseError(error, { operation: "connect" });
  plain.message = `could not connect to ${placeOf(target)}: ${plain.message}`;
  return plain;
}

function timeoutError(target: ConnectTarget): ConnectTimeoutError {
  return new ConnectTimeoutError(
    `could not connect to ${placeOf(target)} within ${target.connectTimeoutMs / 1000} s: check host, port and network`,
    { backend: "postgres", operation: "connect" },
  );
}

function placeOf(target: ConnectTarget): string {
  return target.host.startsWith("/")
    ? `${target.host}/.s.PGSQL.${target.port}`
    : `${target.host}:${target.port}`;
}
