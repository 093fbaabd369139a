import type { Socket } from "node:net";
import { ConnectionError, DatabaseError } from "../../errors/index.ts";
import { errnoOf } from "./error-codes.ts";
import type { PacketCheck } from "./packet-check.ts";
import { Stopped } from "./settled.ts";

/**
 * Puts a guard between the socket and the driver's parser, so that what it cannot read ends the connection and not the
 * process. To be called before anything is received. With TLS what is decrypted does not come by here; nobody but the
 * server itself can then send what breaks the protocol.
 */
export function guardSocket(socket: Socket, check: PacketCheck): void {
  const listeners = socket.listeners("data");
  socket.removeAllListeners("data");
  socket.on("data", (chunk: Buffer) => {
    if (socket.destroyed) return;
    const wrong = check.check(chunk);
    if (wrong !== undefined) {
      socket.destroy(new Error(`the server broke the protocol: ${wrong}`));
      return;
    }
    try {
      for (const listener of listeners) Reflect.apply(listener, socket, [chunk]);
    } catch (cause) {
      socket.destroy(new Error("the server broke the protocol: a packet that cannot be read", { cause }));
    }
  });
}

// What the driver says of answers that have no place: unexpected packets, a request for a file, too many columns.
const outOfPlace = new Set([45011, 45014, 45015, 45020, 45021, 45032, 45065]);

/**
 * Whether an error says that the driver could not make sense of an answer, so that what comes next may be anybody's.
 * The server's own errors have a number, and so have the driver's refusals.
 */
export function isOutOfStep(error: unknown): boolean {
  if (error instanceof DatabaseError || error instanceof Stopped) return false;
  const errno = errnoOf(error);
  if (errno !== undefined) return outOfPlace.has(errno);
  if (!(error instanceof Error)) return true;
  // What the socket reports has ended the connection already.
  const isFatal = "fatal" in error && error.fatal === true;
  const isNamed = "code" in error && error.code !== "UNKNOWN";
  return !isFatal && !isNamed;
}

export function outOfStep(cause: unknown): ConnectionError {
  const words = cause instanceof Error ? cause.message : `the driver threw ${typeof cause}`;
  return new ConnectionError(
    `the connection was closed, for what the server answered makes no sense: ${words}`,
    { backend: "mysql", outcome: "unknown", cause },
  );
}
