import { createConnection, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { atPacket, FaultProxy, forward } from "./proxy.ts";

describe("the proxy", () => {
  const servers: Server[] = [];
  const proxies: FaultProxy[] = [];
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.close();
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that answers each piece of data with itself, and notes what it got. */
  async function echo(): Promise<{ proxy: FaultProxy; got: string[] }> {
    const got: string[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => {
        got.push(String(data));
        socket.write(data);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const proxy = await FaultProxy.start(typeof address === "object" ? (address?.port ?? 0) : 0);
    proxies.push(proxy);
    return { proxy, got };
  }

  async function dial(port: number): Promise<Socket> {
    const socket = createConnection(port, "127.0.0.1");
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return socket;
  }

  /** What comes next: data, an error's code, or nothing within a while. */
  function next(socket: Socket, limitMs = 300): Promise<string> {
    return new Promise((resolve) => {
      socket.once("data", (data) => resolve(String(data)));
      socket.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
      setTimeout(() => resolve("nothing"), limitMs);
    });
  }

  it("passes bytes on, and late when told so", async () => {
    const { proxy } = await echo();
    const socket = await dial(proxy.port);
    socket.write("a");
    expect(await next(socket)).toBe("a");
    proxy.script = () => ({ does: "forward", delayMs: 50 });
    const begin = performance.now();
    socket.write("b");
    expect(await next(socket)).toBe("b");
    expect(performance.now() - begin).toBeGreaterThan(90);
    socket.destroy();
  });

  it("resets at a packet, cuts an answer after the server had the request, and falls silent", async () => {
    const { proxy, got } = await echo();
    proxy.script = atPacket(1, 1, { does: "reset" });
    const first = await dial(proxy.port);
    first.write("a");
    expect(await next(first)).toBe("ECONNRESET");
    proxy.script = atPacket(2, 2, { does: "cut" });
    const second = await dial(proxy.port);
    second.write("b");
    expect(await next(second)).toBe("ECONNRESET");
    expect(got).toEqual(["b"]);
    proxy.script = atPacket(3, 1, { does: "silence" });
    const third = await dial(proxy.port);
    third.write("c");
    expect(await next(third)).toBe("nothing");
    expect(got).toEqual(["b"]);
    third.destroy();
  });

  it("refuses, closes at the door, and lets in again", async () => {
    const { proxy } = await echo();
    proxy.refuse();
    await expect(dial(proxy.port)).rejects.toThrow("ECONNREFUSED");
    await proxy.listen();
    proxy.door = "reset";
    expect(await next(await dial(proxy.port).catch(() => createConnection(proxy.port)))).toBe("ECONNRESET");
    proxy.door = "open";
    proxy.script = () => forward;
    const socket = await dial(proxy.port);
    socket.write("x");
    expect(await next(socket)).toBe("x");
    socket.destroy();
  });
});
