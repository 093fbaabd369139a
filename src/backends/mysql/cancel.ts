import type { Socket } from "node:net";
import type { MariadbConnection } from "./mariadb.ts";
import type { Session } from "./open.ts";

/** How long to wait for a statement to end before it is killed again: of several sent at once each needs its own. */
const againMs = 25;

/**
 * Stops what a session is doing, by KILL QUERY from a second session, until `isIdle`. Settles only when no KILL is on
 * its way any more, so that none can hit a later statement. Fails when that takes longer than `timeoutMs`.
 */
export async function killUntil(
  isIdle: () => boolean,
  threadId: number,
  open: (onSocket: (socket: Socket) => void) => Promise<Session>,
  timeoutMs: number,
): Promise<void> {
  let socket: Socket | undefined;
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    socket?.destroy(new Error("the server did not answer a KILL in time"));
  }, timeoutMs);
  try {
    const { connection } = await open((made) => {
      socket = made;
    });
    while (!isIdle() && !over) await kill(connection, threadId, isIdle);
    if (over) throw new Error("a statement went on after it was killed");
  } finally {
    clearTimeout(timer);
    socket?.destroy();
  }
}

async function kill(connection: MariadbConnection, threadId: number, isIdle: () => boolean): Promise<void> {
  await connection.query(`KILL QUERY ${threadId}`);
  const endsAtMs = performance.now() + againMs;
  while (!isIdle() && performance.now() < endsAtMs) await new Promise((resolve) => setTimeout(resolve, 1));
}
