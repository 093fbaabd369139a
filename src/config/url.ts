import { parseEndpoint } from "./endpoints.ts";
import type { DatabaseOptions } from "./options.ts";
import { badUrl, decode, parametersOf } from "./url-parameters.ts";

export interface ParsedUrl {
  /** The URL's scheme: a backend's name, or one of its other names. */
  readonly backend: string;
  readonly options: DatabaseOptions;
}

/** What a URL says before its parameters. */
export interface UrlTarget {
  readonly database: string;
  readonly host?: string;
  readonly hosts?: readonly string[];
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
}

/** Schemes whose three slashes start a path; elsewhere `scheme:///name` is a database on the default host. */
const fileSchemes: ReadonlySet<string> = new Set(["sqlite", "sqlite3"]);

/**
 * Reads `postgres://user:password@host:port/database?option=value`, or, for a database in a file, `sqlite:./file.db`,
 * `sqlite:///absolute/file.db`, `sqlite::memory:` and `sqlite:` (temporary). Every part may be percent-encoded, and
 * must be where it holds one of `@ : / ? # %`. Throws `ConfigurationError`, which never repeats any of the URL
 * but its scheme and the names of its parameters.
 */
export function parseDatabaseUrl(url: string | URL): ParsedUrl {
  const text = String(url);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined)
    throw badUrl("expected backend://user:password@host:port/database, or sqlite:path");
  if (scheme.includes("+")) {
    throw badUrl(
      `the backend chooses its driver itself: write "${scheme.replace(/\+.*/, "")}:" instead of "${scheme}:"`,
    );
  }
  if (text.includes("#")) throw badUrl('a "#" must be written as %23');

  const [address = "", ...queries] = text.slice(scheme.length + 1).split("?");
  const target = address.startsWith("//")
    ? parseAddress(scheme, address.slice(2))
    : { database: decode(address, "the path") };
  return {
    backend: scheme,
    options: { ...target, ...parametersOf(queries.join("?"), new Set(Object.keys(target))) },
  };
}

function parseAddress(scheme: string, address: string): UrlTarget {
  const slash = address.indexOf("/");
  const authority = slash < 0 ? address : address.slice(0, slash);
  const path = slash < 0 ? "" : address.slice(slash + 1);
  if (fileSchemes.has(scheme)) {
    if (authority !== "" || slash < 0) {
      throw badUrl(`a file has no host: write ${scheme}:./relative.db or ${scheme}:///absolute/file.db`);
    }
    const absolute = decode(`/${path}`, "the path");
    return { database: /^\/[a-z]:[/\\]/i.test(absolute) ? absolute.slice(1) : absolute };
  }
  // A bare "@" here is the end of a password that holds a "/": what stands before it would be taken for a host.
  if (path.includes("@") || path.includes("/")) throw badUrl(mustEncode);
  const server = parseAuthority(authority);
  if (path === "") {
    throw badUrl(`no database is named: write it after the host, as in ${scheme}://localhost/mydb`);
  }
  return { ...server, database: decode(path, "the database") };
}

function parseAuthority(authority: string): Omit<UrlTarget, "database"> {
  const at = authority.lastIndexOf("@");
  const [user = "", ...password] = at < 0 ? [] : authority.slice(0, at).split(":");
  const place = authority.slice(at + 1);
  if (place.includes(",")) return { ...loginOf(user, password), hosts: place.split(",").map(endpointText) };
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/.exec(place);
  if (parts === null) throw badUrl(mustEncode);
  const [, host = "", port = ""] = parts;
  return {
    ...loginOf(user, password),
    ...(host === "" ? {} : { host: decode(host.replace(/^\[|\]$/g, ""), "the host") }),
    ...(port === "" ? {} : { port: Number(port) }),
  };
}

function loginOf(user: string, password: readonly string[]): Pick<UrlTarget, "user" | "password"> {
  return {
    ...(user === "" ? {} : { user: decode(user, "the user") }),
    ...(password.length === 0 ? {} : { password: decode(password.join(":"), "the password") }),
  };
}

function endpointText(text: string): string {
  const decoded = decode(text, "the host");
  if (parseEndpoint(decoded, 0) === undefined)
    throw badUrl("expected hosts as host:port, separated by commas");
  return decoded;
}

/** The parts that `formatDatabaseUrl` writes. */
export interface UrlParts {
  readonly backend: string | undefined;
  readonly database: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly hasPassword: boolean;
}

/** The URL of a configuration for people to read, its password as `***`. Without a backend it starts with `//`. */
export function formatDatabaseUrl(parts: UrlParts): string {
  const database = encodeURIComponent(parts.database);
  if (parts.backend !== undefined && fileSchemes.has(parts.backend)) {
    const path = database.replaceAll("%2F", "/").replaceAll("%3A", ":");
    return `${parts.backend}:${path.startsWith("/") ? `//${path}` : path}`;
  }
  const scheme = parts.backend === undefined ? "" : `${parts.backend}:`;
  const password = parts.hasPassword ? ":***" : "";
  const login =
    parts.user === undefined && !parts.hasPassword
      ? ""
      : `${encodeURIComponent(parts.user ?? "")}${password}@`;
  const host = /^[0-9a-f:.%]*:[0-9a-f:.%]*$/i.test(parts.host)
    ? `[${parts.host}]`
    : encodeURIComponent(parts.host);
  const port = parts.port === undefined ? "" : `:${parts.port}`;
  return `${scheme}//${login}${host}${port}/${database}`;
}

const mustEncode =
  "expected backend://user:password@host:port/database; one of @ : / ? # % inside a part must be percent-encoded";
