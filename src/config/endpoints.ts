/** One server of a cluster. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const pattern = /^(?:\[([0-9a-f:.%]+)\]|([^\s@:[\]/,]+))(?::(\d{1,5}))?$/i;

/** Reads `host`, `host:port` or `[ipv6]:port`; undefined when it is none of these. */
export function parseEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  const match = pattern.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}
