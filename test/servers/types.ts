/** A server that tests may use. Only databases that a test made itself are its own: servers are shared. */
export interface TestServer {
  readonly backend: "postgres" | "mysql";
  /** Connects an account that may create databases and see every session. Holds the password. */
  readonly url: string;
  /** `PostgreSQL 18.4`, `MariaDB 10.11.19` */
  readonly version: string;
  /** Where it comes from, for the report: a package, a folder, an environment variable. */
  readonly origin: string;
  /** Gives the server back. A private one ends, and its folder is removed. */
  close(): Promise<void>;
}

/** A server that was started for the test, which may therefore do with it as it likes. */
export interface PrivateServer extends TestServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly dataDir: string;
  /** Process id of the server; on PostgreSQL of its postmaster. It changes with each start. */
  readonly pid: number;
  /** SIGKILL for the server and its children. Answers when they are gone. */
  kill9(): Promise<void>;
  /** Ends the server in order and keeps its data. */
  stop(): Promise<void>;
  /** Starts a stopped or killed server again, on the same port. Answers when it answers queries. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** The end of the server's log. */
  log(): string;
}

/** There is no server to be had; `reason` says what to install or to set. */
export interface MissingServer {
  readonly reason: string;
}

export interface StartOptions {
  /** Whether a commit survives a loss of power. Default false: the tests are faster without. */
  readonly durable?: boolean;
  /** Further settings of the server: `{ idle_session_timeout: "1s" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export function isMissing(server: TestServer | MissingServer): server is MissingServer {
  return "reason" in server;
}
