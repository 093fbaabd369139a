import { MessageCheck, notPostgres } from "./message-check.ts";
import type { PgConnection, PgSource } from "./pg.ts";

class ProtocolError extends Error {}

/** The server sent something that the protocol does not allow, so that nothing it says can be relied on. */
export function protocolError(what: string, cause?: unknown): Error {
  return new ProtocolError(
    `the connection was closed, for the server broke the protocol: ${what}`,
    cause === undefined ? undefined : { cause },
  );
}

/**
 * Puts a guard between the socket and the driver's parser, which throws into the socket's event, and so ends the
 * process, when it cannot read what comes. Now the connection ends instead, and the call under way with it. To be
 * called before anything is received; with TLS the guard sees what has been decrypted.
 */
export function guardConnection(connection: PgConnection): void {
  const attach = connection.attachListeners;
  if (attach === undefined) return;
  const check = new MessageCheck();
  let broken = false;
  const fail = (error: Error) => {
    broken = true;
    connection.emit("error", error);
    connection.stream.destroy();
  };
  const guarded = (listener: (chunk: Uint8Array) => void) => (chunk: Uint8Array) => {
    if (broken) return;
    const wrong = check.check(chunk);
    if (wrong !== undefined) {
      fail(wrong === notPostgres ? new Error(wrong) : protocolError(wrong));
      return;
    }
    try {
      listener(chunk);
    } catch (error) {
      fail(error instanceof ProtocolError ? error : protocolError("a message that cannot be read", error));
    }
  };
  connection.attachListeners = (stream) => {
    const source: PgSource = {
      on: (event, listener) => stream.on(event, event === "data" ? guarded(listener) : listener),
    };
    attach.call(connection, source);
  };
}

/**
 * Refuses a log-in in which the server proves nothing: one that has begun SCRAM must end it with its own signature,
 * or it may be anybody who has no more than heard of the user.
 */
export function expectProof(connection: PgConnection): void {
  let proof: "none asked for" | "expected" | "given" = "none asked for";
  connection.on("authenticationSASL", () => {
    proof = "expected";
  });
  connection.on("authenticationSASLFinal", () => {
    proof = "given";
  });
  connection.on("authenticationOk", () => {
    if (proof === "expected") throw protocolError("it let us in without the proof that SCRAM asks of it");
  });
}
