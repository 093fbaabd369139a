import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PrivateServer, privatePostgres } from "../servers/index.ts";
import { failure, missing, open, rows, until, value } from "./postgres-connection.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** A self-signed certificate for 127.0.0.1 and a name that is not the server's. */
function makeCertificate(): { certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "strata-certificate-"));
  const [key, certificate] = [join(folder, "key"), join(folder, "certificate")];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=strata test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:db.example.com"],
    ...["-keyout", key, "-out", certificate],
  ]);
  if (made.status !== 0) throw new Error(String(made.stderr));
  const pair = { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  rmSync(folder, { recursive: true });
  return pair;
}

// Skipped without openssl, which makes the certificate.
describe.skipIf(missing || !hasOpenssl)("TLS to PostgreSQL", () => {
  let server: PrivateServer;
  let ca: string;

  beforeAll(async () => {
    const tls = makeCertificate();
    ca = tls.certificate;
    server = await privatePostgres({ tls });
  });
  afterAll(() => server.close());

  it.each([
    ["an authority of one's own", () => ({ ssl: { ca } })],
    ["anybody, when told so", () => ({ ssl: "no-verify" })],
  ])("trusts %s, and encrypts the cancel request too", async (_, options) => {
    const connection = await open(server.url, { options: options() });
    expect(await value(connection, "select ssl from pg_stat_ssl where pid = pg_backend_pid()")).toBe(true);
    const running = failure(rows(connection, "select pg_sleep(20)"));
    await connection.cancel();
    expect(await running).toMatchObject({ sqlState: "57014" });
    expect(await value(connection, "select 1")).toBe(1);
    await connection.close();
  });

  it.each([
    ["a certificate that nobody it trusts has signed", () => ({ ssl: true }), "127.0.0.1", /self-signed/],
    ["a certificate for another host", () => ({ ssl: { ca } }), "localhost", /Hostname\/IP does not match/],
  ])("refuses %s", async (_, options, host, message) => {
    const error = await failure(open(server.url, { host, options: options() }), "connect");
    expect(error).toMatchObject({ code: "STRATA_CONNECTION_REFUSED", outcome: "not_sent", retryable: false });
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/see the option ssl/);
  });

  it("leaves nothing open when it is destroyed", async () => {
    const observer = await open(server.url, { alias: "observer" });
    const connection = await open(server.url, { options: { ssl: { ca } } });
    connection.destroy();
    const sessions = () =>
      value(observer, "select count(*) from pg_stat_activity where application_name = 'strata tests'");
    await until(async () => (await sessions()) === 0);
    await observer.close();
  });
});
