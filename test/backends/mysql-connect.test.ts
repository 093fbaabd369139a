import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ConnectTarget } from "../../src/backend/index.ts";
import { createDatabase, type PrivateServer, privateMariadb, type TestDatabase } from "../servers/index.ts";
import { failure, missing, open, rows, sharedServer, targetOf, value } from "./mysql-connection.ts";

describe.skipIf(missing)("connecting to MySQL or MariaDB", () => {
  let database: TestDatabase;
  const servers: Server[] = [];

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
  });
  afterAll(() => database.drop());
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that says `banner` to whoever comes, and nothing else. */
  async function listen(banner: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      if (banner !== "") socket.write(banner);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async function attempt(more: Partial<ConnectTarget>) {
    const startedMs = performance.now();
    const error = await failure(open(database.url, more), "connect");
    return { error, tookMs: performance.now() - startedMs };
  }

  it("asks for the password at each connection, and takes a promise of it", async () => {
    let asked = 0;
    const { password } = targetOf(database.url);
    const counted = async () => {
      asked += 1;
      return await password();
    };
    for (let i = 1; i <= 2; i++) {
      const connection = await open(database.url, { password: counted });
      expect(asked).toBe(i);
      expect(await value(connection, "select database()")).toBe(database.name);
      await connection.close();
    }
  });

  it("refuses a wrong password, an unknown user and an unknown database for good", async () => {
    for (const more of [
      { password: () => "wr0ng-pa55word" },
      { user: "nobody_here" },
      { database: "nosuch_database" },
    ]) {
      const { error } = await attempt(more);
      expect(error).toMatchObject({
        code: "STRATA_CONNECTION_REFUSED",
        outcome: "not_sent",
        retryable: false,
        backend: "mysql",
      });
      expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toMatch(
        /wr0ng|pa55word/,
      );
    }
  });

  it("says that nobody is there", async () => {
    const { error } = await attempt({ port: 1 });
    expect(error).toMatchObject({
      code: "STRATA_CONNECTION",
      outcome: "not_sent",
      retryable: true,
      driverCode: "ECONNREFUSED",
    });
    expect((await attempt({ host: "no.such.host.invalid" })).error).toMatchObject({ outcome: "not_sent" });
    expect((await attempt({ host: "/no/such.sock" })).error).toMatchObject({
      driverCode: "ENOENT",
      outcome: "not_sent",
    });
    expect((await attempt({ host: "localhost", port: 1 })).error).toMatchObject({
      driverCode: "ECONNREFUSED",
    });
  });

  it("keeps its limit with a server that says nothing, and with a password that never comes", async () => {
    for (const more of [{ port: await listen("") }, { password: () => new Promise<string>(() => {}) }]) {
      const { error, tookMs } = await attempt({ ...more, connectTimeoutMs: 300 });
      expect(error).toMatchObject({ name: "ConnectTimeoutError", outcome: "not_sent" });
      expect(tookMs).toBeLessThan(550);
    }
  });

  it.each(["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\0", "E".repeat(100_000)])(
    "fails in time with a server of another protocol, case %#",
    async (banner) => {
      const { error, tookMs } = await attempt({ port: await listen(banner), connectTimeoutMs: 500 });
      expect(error.outcome).toBe("not_sent");
      expect(tookMs).toBeLessThan(750);
    },
  );

  it("refuses unknown options, and TLS where the server has none", async () => {
    expect((await attempt({ options: { sll: true } })).error).toMatchObject({ name: "ConfigurationError" });
  });

  it("leaves no connection behind when it fails or is closed", async () => {
    const connection = await open(database.url);
    const sessions = () =>
      value(connection, "select count(*) from information_schema.processlist where db = ?", [database.name]);
    const before = await sessions();
    await attempt({ password: () => "wrong" });
    for (let i = 0; i < 3; i++) await (await open(database.url)).close();
    (await open(database.url)).destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await sessions()).toBe(before);
    await connection.close();
    await connection.close();
  });
});

describe.skipIf(missing)("connecting by TLS and by a Unix socket", () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-tls-"));
  const file = (name: string) => join(folder, name);
  let server: PrivateServer;
  let ca: string;

  function openssl(...parameters: string[]): void {
    execFileSync("openssl", parameters, { stdio: "ignore" });
  }

  beforeAll(async () => {
    const key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      file("ca.key"),
      "-out",
      file("ca.pem"),
      "-subj",
      "/CN=Test CA",
    );
    openssl(
      "req",
      ...key,
      "-keyout",
      file("server.key"),
      "-out",
      file("server.csr"),
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost",
    );
    openssl(
      "x509",
      "-req",
      "-in",
      file("server.csr"),
      "-CA",
      file("ca.pem"),
      "-CAkey",
      file("ca.key"),
      "-CAcreateserial",
      "-days",
      "2",
      "-copy_extensions",
      "copy",
      "-out",
      file("server.pem"),
    );
    execFileSync("chmod", ["-R", "a+rX", folder]);
    ca = readFileSync(file("ca.pem"), "utf8");
    server = await privateMariadb({
      settings: { "ssl-ca": file("ca.pem"), "ssl-cert": file("server.pem"), "ssl-key": file("server.key") },
    });
  });
  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  const cipher = async (more: Partial<ConnectTarget>) => {
    const connection = await open(server.url, more);
    const [row] = await rows(connection, "show session status like 'Ssl_cipher'");
    await connection.close();
    return row?.[1];
  };

  it("takes a certificate that names the host, from an authority that was named", async () => {
    expect(await cipher({ host: "localhost", options: { ssl: { ca } } })).not.toBe("");
  });

  it("refuses a certificate for another host, and one that nobody vouches for", async () => {
    for (const [host, ssl] of [
      ["127.0.0.1", { ca }],
      ["localhost", true],
      ["localhost", "verify-full"],
    ] as const) {
      const error = await failure(open(server.url, { host, options: { ssl } }), "connect");
      expect(error).toMatchObject({ code: "STRATA_CONNECTION_REFUSED", outcome: "not_sent" });
    }
  });

  it("takes any certificate when told so, and none on a loopback address by default", async () => {
    expect(await cipher({ options: { ssl: "no-verify" } })).not.toBe("");
    expect(await cipher({ options: {} })).toBe("");
    expect(await cipher({ options: { ssl: "disable" } })).toBe("");
  });

  it("cancels over TLS too", async () => {
    const connection = await open(server.url, { host: "localhost", options: { ssl: { ca } } });
    const call = failure(
      rows(
        connection,
        "select count(*) from information_schema.columns a, information_schema.columns b, information_schema.columns c",
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await connection.cancel();
    expect(await call).toMatchObject({ driverCode: "ER_QUERY_INTERRUPTED" });
    expect(await value(connection, "select 7")).toBe(7);
    await connection.close();
  });

  it("goes by the Unix socket when there is one", async () => {
    const connection = await open(server.url);
    const path = String(await value(connection, "select @@socket"));
    await connection.close();
    for (const more of [{ host: path }, { options: { socketPath: path } }]) {
      const local = await open(server.url, { ...more, user: server.user, password: () => server.password });
      expect(await value(local, "select 7")).toBe(7);
      const [row] = await rows(
        local,
        "select host from information_schema.processlist where id = connection_id()",
      );
      expect(row).toEqual(["localhost"]);
      await local.close();
    }
  });

  it("survives the server's end without an uncaught error", async () => {
    const idle = await open(server.url);
    const busy = await open(server.url);
    const call = failure(rows(busy, "select sleep(20)"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.kill9();
    expect(await call).toMatchObject({ name: "ConnectionError", outcome: "unknown" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([idle.usable, busy.usable]).toEqual([false, false]);
    await idle.cancel();
    await idle.close();
    await server.start();
    const again = await open(server.url);
    expect(await value(again, "select 7")).toBe(7);
    await again.close();
  });
});
