import { once } from "node:events";
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ConnectionError } from "../../errors/index.ts";
import { PacketCheck } from "./packet-check.ts";
import { Stopped } from "./settled.ts";
import { guardSocket, isOutOfStep, outOfStep } from "./wire-guard.ts";

const errorOf = (facts: object) => Object.assign(new Error("no"), facts);

describe("isOutOfStep", () => {
  it.each([
    [true, "what the driver's code throws", new RangeError("Invalid array length")],
    [true, "what is no error at all", 45011],
    [true, "an error answer without a number", errorOf({ code: "UNKNOWN", fatal: false })],
    [true, "a request for a file", errorOf({ errno: 45021, code: "ER_LOCAL_INFILE_DISABLED" })],
    [false, "the server's own error", errorOf({ errno: 1062, code: "ER_DUP_ENTRY" })],
    [false, "a lost socket", errorOf({ code: "ECONNRESET", errno: -104 })],
    [false, "a socket that was destroyed", errorOf({ fatal: true, sqlState: "HY000" })],
    [false, "an error of ours", new ConnectionError("lost")],
    [false, "a stop from outside", new Stopped("stopped")],
  ])("answers %j to %s", (answer, _what, error) => {
    expect(isOutOfStep(error)).toBe(answer);
  });

  it("leads to an error whose outcome is not known", () => {
    expect(outOfStep(new RangeError("Invalid array length"))).toMatchObject({
      code: "STRATA_CONNECTION",
      outcome: "unknown",
      message: expect.stringMatching(/makes no sense: Invalid array length/),
    });
  });
});

describe("guardSocket", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** A socket that a driver listens to and that the guard is put before, and the server's side of it. */
  async function guarded(read: (chunk: Buffer) => void): Promise<[client: Socket, peer: Socket]> {
    const listening = createServer().listen(0, "127.0.0.1");
    server = listening;
    await once(listening, "listening");
    const address = listening.address();
    const client = connectSocket(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
    client.on("data", read);
    client.once("connect", () => guardSocket(client, new PacketCheck()));
    const [peer]: Socket[] = await once(listening, "connection");
    if (peer === undefined) throw new Error("expected a connection");
    peer.on("error", () => {});
    return [client, peer];
  }

  it("ends the connection when the driver throws, and not the process", async () => {
    const [client, peer] = await guarded(() => {
      throw new RangeError("out of range");
    });
    peer.write(Buffer.from([1, 0, 0, 0, 7]));
    const [error]: unknown[] = await once(client, "error");
    expect(error).toMatchObject({
      message: expect.stringMatching(/cannot be read/),
      cause: expect.any(RangeError),
    });
    expect(client.destroyed).toBe(true);
  });

  it("keeps from the driver what has no place, and hands on the rest", async () => {
    const read: Buffer[] = [];
    const [client, peer] = await guarded((chunk) => read.push(chunk));
    peer.write(Buffer.from([1, 0, 0, 0, 7]));
    await expect.poll(() => read.length).toBe(1);
    peer.write(Buffer.from([1, 0, 0, 77, 7]));
    const [error]: unknown[] = await once(client, "error");
    expect(error).toMatchObject({ message: expect.stringMatching(/number 77 after one with 0/) });
    expect(read).toHaveLength(1);
  });
});
