import { createConnection, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** One piece of data that has arrived at the proxy. */
export interface Packet {
  /** Which connection, counting from 1 in the order of arrival. */
  readonly connection: number;
  readonly from: "client" | "server";
  /** Counts the packets of the connection in both directions, from 1. */
  readonly index: number;
  readonly data: Buffer;
}

/** What becomes of a packet. `after` bytes of it still go on; default none. */
export type Fate =
  | { readonly does: "forward"; readonly delayMs?: number; readonly bytesPerSecond?: number }
  /** Something else goes on in its place. */
  | { readonly does: "replace"; readonly data: Buffer }
  /** This packet is lost, and the rest goes on. */
  | { readonly does: "swallow" }
  /** RST to both sides. */
  | { readonly does: "reset"; readonly after?: number }
  /** From here on nothing more passes, in either direction, and nobody is told. */
  | { readonly does: "silence"; readonly after?: number }
  /** RST to the client only; the server has a proper end, after all that was sent to it. */
  | { readonly does: "cut"; readonly after?: number };

/** Decides about each packet; asked anew for each, so that it may hold state. */
export type Script = (packet: Packet) => Fate;

export const forward: Fate = { does: "forward" };
export const swallow: Fate = { does: "swallow" };
export const forwardAll: Script = () => forward;

/** How new connections are met: passed on, closed by RST at once, or accepted without a word. */
export type Door = "open" | "reset" | "silent";

interface Pair {
  readonly number: number;
  readonly client: Socket;
  readonly server: Socket | null;
  packets: number;
  silenced: boolean;
}

/** A TCP proxy on 127.0.0.1 that passes bytes on, or harms them as the test says. */
export class FaultProxy {
  script: Script = forwardAll;
  door: Door = "open";
  /** The port that new connections are passed on to, or what decides it for each. */
  target: number | (() => number);
  /** When each connection came, by the monotonic clock, in milliseconds. */
  readonly arrivals: number[] = [];
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #address: string;
  #port: number;

  private constructor(target: number, address: string, port: number) {
    this.target = target;
    this.#address = address;
    this.#port = port;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Listens in front of the port `target` of 127.0.0.1; on a free port, if not told on which. */
  static async start(target: number, address = "127.0.0.1", port = 0): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, address, port);
    await proxy.listen();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  get open(): number {
    return this.#pairs.size;
  }

  /** Listens again after `refuse`, on the same port. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, this.#address, resolve);
    });
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("expected a port");
    this.#port = address.port;
  }

  /** Stops listening, so that new connections are refused. Open ones stay. */
  refuse(): void {
    this.#server.close();
  }

  /** RST for every open connection. */
  resetAll(): void {
    for (const pair of this.#pairs) reset(pair);
  }

  /** From now on nothing passes on any open connection. */
  silenceAll(): void {
    for (const pair of this.#pairs) pair.silenced = true;
  }

  async close(): Promise<void> {
    this.resetAll();
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    this.arrivals.push(performance.now());
    client.on("error", () => {});
    if (this.door === "reset") {
      client.resetAndDestroy();
      return;
    }
    client.setNoDelay(true);
    const server = this.door === "silent" ? null : createConnection(portOf(this.target), "127.0.0.1");
    const pair: Pair = { number: this.arrivals.length, client, server, packets: 0, silenced: false };
    this.#pairs.add(pair);
    client.on("close", () => {
      this.#pairs.delete(pair);
      server?.destroy();
    });
    if (server === null) {
      client.resume();
      return;
    }
    server.setNoDelay(true);
    server.on("error", () => client.resetAndDestroy());
    server.on("close", () => {
      if (!pair.silenced) client.end();
    });
    this.#pass(pair, "client", client, server);
    this.#pass(pair, "server", server, client);
  }

  #pass(pair: Pair, from: Packet["from"], source: Socket, sink: Socket): void {
    let earlier: Promise<void> = Promise.resolve();
    let waiting = 0;
    source.on("data", (data) => {
      if (pair.silenced) return;
      pair.packets += 1;
      const fate = this.script({ connection: pair.number, from, index: pair.packets, data });
      const slow =
        fate.does === "forward" && (fate.delayMs !== undefined || fate.bytesPerSecond !== undefined);
      if (!slow && waiting === 0) {
        meet(pair, from, data, fate, sink);
        return;
      }
      waiting += 1;
      const dueMs = performance.now() + (fate.does === "forward" ? (fate.delayMs ?? 0) : 0);
      earlier = earlier
        .then(() => pass(pair, from, data, fate, sink, dueMs))
        .finally(() => {
          waiting -= 1;
        });
    });
    source.on("end", () => {
      if (!pair.silenced) sink.end();
    });
  }
}

function portOf(target: FaultProxy["target"]): number {
  return typeof target === "number" ? target : target();
}

async function pass(
  pair: Pair,
  from: Packet["from"],
  data: Buffer,
  fate: Fate,
  sink: Socket,
  dueMs: number,
): Promise<void> {
  const leftMs = dueMs - performance.now();
  if (leftMs > 0) await sleep(leftMs);
  if (fate.does !== "forward" || fate.bytesPerSecond === undefined) {
    meet(pair, from, data, fate, sink);
    return;
  }
  const piece = Math.max(1, Math.ceil(fate.bytesPerSecond / 50));
  for (let start = 0; start < data.length && !sink.destroyed && !pair.silenced; start += piece) {
    sink.write(data.subarray(start, start + piece));
    await sleep(20);
  }
}

function meet(pair: Pair, from: Packet["from"], data: Buffer, fate: Fate, sink: Socket): void {
  if (pair.silenced || sink.destroyed) return;
  switch (fate.does) {
    case "forward":
      sink.write(data);
      return;
    case "replace":
      sink.write(fate.data);
      return;
    case "swallow":
      return;
    case "silence":
      if (fate.after !== undefined) sink.write(data.subarray(0, fate.after));
      pair.silenced = true;
      return;
    case "reset":
      if (fate.after !== undefined) sink.write(data.subarray(0, fate.after));
      reset(pair);
      return;
    case "cut":
      if (fate.after !== undefined) sink.write(data.subarray(0, fate.after));
      pair.silenced = true;
      if (from === "client") pair.server?.end();
      pair.server?.removeAllListeners("close");
      // The server's socket must outlive the client's, or what was just written to it could be lost.
      pair.client.removeAllListeners("close");
      pair.client.resetAndDestroy();
      pair.server?.end();
      return;
  }
}

function reset(pair: Pair): void {
  pair.client.resetAndDestroy();
  pair.server?.resetAndDestroy();
}

/** Delays each packet by a time from `fromMs` to `toMs`. */
export function delayed(fromMs: number, toMs: number, random: () => number): Script {
  return () => ({ does: "forward", delayMs: fromMs + random() * (toMs - fromMs) });
}

/** Meets packet `index` of connection `connection` with `fate`; all others pass. */
export function atPacket(connection: number, index: number, fate: Fate): Script {
  return (packet) => (packet.connection === connection && packet.index === index ? fate : forward);
}

/** Whether the client asks for COMMIT in this packet: a simple query of PostgreSQL, or a COM_QUERY of MySQL. */
export function asksToCommit(packet: Packet): boolean {
  return (
    packet.from === "client" && (packet.data.includes("COMMIT\0") || packet.data.includes("\u0003COMMIT"))
  );
}
