import { isIP } from "node:net";
import * as tls from "node:tls";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { isLocal, type MysqlOptions, type TlsOptions } from "./options.ts";

let trusted: { readonly ca: readonly string[]; readonly context: SecureContext } | undefined;

/**
 * The driver's `ssl` option for this host; false for a connection without TLS.
 *
 * The authorities are always named. Without them the driver lets a MariaDB from 11.4 on prove a self-signed
 * certificate by the password instead, and answers an impostor's challenge before it knows who asked.
 */
export function tlsFor(host: string, ssl: MysqlOptions["ssl"]): false | TlsOptions {
  if (ssl === false || ssl === "disable") return false;
  if (ssl === undefined && isLocal(host)) return false;
  // A socket that is handed to `tls.connect` tells it no host, and a host's address may not be a server name.
  const name = { host, ...(isIP(host) === 0 && !host.startsWith("/") ? { servername: host } : {}) };
  if (ssl === "no-verify") return { ...name, rejectUnauthorized: false };
  const { ca, context } = defaults();
  if (typeof ssl === "object") return { ...name, ca, rejectUnauthorized: true, ...ssl };
  return { ...name, ca, secureContext: context, rejectUnauthorized: true };
}

/** Node's own authorities, and those that NODE_EXTRA_CA_CERTS adds where Node can tell them. */
function defaults(): NonNullable<typeof trusted> {
  if (trusted === undefined) {
    const ca = "getCACertificates" in tls ? tls.getCACertificates("default") : rootCertificates;
    trusted = { ca, context: createSecureContext({ ca: [...ca] }) };
  }
  return trusted;
}
