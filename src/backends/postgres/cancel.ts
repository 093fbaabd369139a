import { once } from "node:events";
import { connect as connectSocket, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Clock, systemClock } from "../../resilience/clock.ts";
import type { TlsOptions } from "./options.ts";

/** Where a session lives, and the keys that the server gave it. */
export interface CancelTarget {
  /** A host, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly tls: false | TlsOptions;
  readonly processId: number;
  readonly secretKey: number;
}

/** How long a call may take to end after a request, before the server is asked again. */
const pauseMs = 100;

/**
 * Asks the server to stop a call until the call has settled, for a request that overtakes its statement finds
 * nothing to stop. Answers false when that does not come about within `limitMs`, or when the server cannot be
 * asked; the session must then not be used again.
 */
export async function cancelUntil(
  settled: Promise<unknown>,
  target: CancelTarget,
  limitMs: number,
  clock: Clock = systemClock,
): Promise<boolean> {
  const endsAtMs = clock.now() + limitMs;
  let ended = false;
  const end = settled.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  while (!ended) {
    const leftMs = endsAtMs - clock.now();
    if (leftMs <= 0) return false;
    try {
      await requestCancel(target, leftMs, clock);
    } catch {
      return false;
    }
    await Promise.race([end, new Promise<void>((resolve) => clock.setTimer(resolve, pauseMs))]);
  }
  return true;
}

const cancelCode = 80877102;
const tlsCode = 80877103;

/**
 * Asks the server to stop what a session is doing, by a CancelRequest on a socket of its own
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS).
 *
 * Settles when the server has closed the socket: then the signal has been delivered and can no longer hit a later
 * statement. The socket is left for the server to close, for half-closing it has killed PgBouncer. Rejects when
 * that takes longer than `timeoutMs`; the session must then not be used again.
 */
export async function requestCancel(
  target: CancelTarget,
  timeoutMs: number,
  clock: Clock = systemClock,
): Promise<void> {
  const { host, port } = target;
  const plain = host.startsWith("/")
    ? connectSocket(`${host}/.s.PGSQL.${port}`)
    : connectSocket(port, host).setNoDelay(true);
  plain.on("error", ignore);
  const sockets = [plain];
  const timer = clock.setTimer(
    () => {
      const reason = new Error(`the server has not taken the cancel request within ${timeoutMs} ms`);
      for (const socket of sockets) socket.destroy(reason);
    },
    timeoutMs,
    { keepAlive: true },
  );
  try {
    await once(plain, "connect");
    const socket = target.tls === false ? plain : await encrypt(plain, host, target.tls);
    if (socket !== plain) sockets.push(socket);
    const closed = once(socket, "close");
    socket.resume();
    socket.write(message(cancelCode, target.processId, target.secretKey));
    await closed;
  } finally {
    timer.clear();
    for (const socket of sockets) socket.destroy();
  }
}

async function encrypt(plain: Socket, host: string, tls: TlsOptions): Promise<Socket> {
  plain.write(message(tlsCode));
  const [answer]: unknown[] = await once(plain, "data");
  if (!(answer instanceof Uint8Array) || answer[0] !== "S".charCodeAt(0)) {
    throw new Error("the server refused TLS for the cancel request");
  }
  const names = isIP(host) === 0 ? { host, servername: host } : { host };
  const socket = connectTls({ ...names, ...tls, socket: plain });
  socket.on("error", ignore);
  await once(socket, "secureConnect");
  return socket;
}

function message(...words: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * (words.length + 1));
  buffer.writeInt32BE(buffer.length, 0);
  words.forEach((word, i) => {
    buffer.writeInt32BE(word | 0, 4 * (i + 1));
  });
  return buffer;
}

// `once` tells of errors only while it waits; an error between two waits must not end the process.
function ignore(): void {}
