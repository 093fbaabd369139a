/**
 * Single queries, sent with the drivers themselves: what prepares the servers for a test must not depend on the
 * code that the test examines.
 */
type Row = readonly unknown[];

interface PgClient {
  connect(): Promise<unknown>;
  query(config: { text: string; rowMode: "array" }): Promise<{ rows: Row[] }>;
  end(): Promise<void>;
  on(event: "error", listener: () => void): unknown;
}

interface PgModule {
  default: {
    Client: new (config: { connectionString: string; connectionTimeoutMillis: number }) => PgClient;
  };
}

interface MysqlConnection {
  query(options: { sql: string; rowsAsArray: true }): Promise<unknown>;
  end(): Promise<void>;
  on(event: "error", listener: () => void): unknown;
}

interface MariadbModule {
  createConnection(options: Record<string, unknown>): Promise<MysqlConnection>;
}

// The drivers are optional, so they are not named where the compiler would want their types.
async function load<Module>(name: string): Promise<Module> {
  return await import(name);
}

export async function queryPostgres(url: string, text: string): Promise<Row[]> {
  const { default: pg } = await load<PgModule>("pg");
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query({ text, rowMode: "array" })).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

export async function queryMysql(url: string, sql: string): Promise<Row[]> {
  const { createConnection } = await load<MariadbModule>("mariadb");
  const { hostname, port, username, password, pathname } = new URL(url);
  const connection = await createConnection({
    host: hostname,
    port: Number(port === "" ? "3306" : port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)) || undefined,
    connectTimeout: 5_000,
  });
  connection.on("error", () => {});
  try {
    const answer = await connection.query({ sql, rowsAsArray: true });
    return Array.isArray(answer) ? answer : [];
  } finally {
    await connection.end().catch(() => {});
  }
}
