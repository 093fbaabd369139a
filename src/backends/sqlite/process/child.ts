/**
 * The program of a child process that holds one connection. It is started by `ChildProcess`, answers one call
 * at a time, and ends with its parent.
 */
import type { DriverCursor } from "../../../backend/index.ts";
import { type Awaitable, runSync } from "../../../operation/index.ts";
import { openInline } from "../connect.ts";
import type { SqliteConnection } from "../driver.ts";
import { blockingPauses } from "../waits.ts";
import { type CallName, type Calls, isRequest, type Reply, type Request } from "./messages.ts";
import { packError } from "./sent-error.ts";

let connection: SqliteConnection | undefined;
const cursors = new Map<number, DriverCursor>();
let cursorsOpened = 0;

const handlers: {
  readonly [Name in CallName]: (send: Calls[Name]["send"]) => Awaitable<Calls[Name]["get"]>;
} = {
  open(target) {
    // Nobody else runs here, so waiting for a lock may block; the parent can still kill the process.
    connection = runSync(openInline(target, blockingPauses));
  },
  execute: ({ statement, values, limits }) => opened().execute(statement, values, limits),
  executeMany: ({ statement, sets, limits }) => opened().executeMany(statement, sets, limits),
  async stream({ statement, values, limits }) {
    const cursor = await opened().stream(statement, values, limits);
    cursors.set(++cursorsOpened, cursor);
    return { cursor: cursorsOpened, columns: cursor.columns };
  },
  read: ({ cursor, count }) => cursors.get(cursor)?.read(count) ?? [],
  closeCursor({ cursor }) {
    const open = cursors.get(cursor);
    cursors.delete(cursor);
    return done(open?.close());
  },
  begin: ({ options, limits }) => done(opened().begin(options, limits)),
  commit: (limits) => done(opened().commit(limits)),
  rollback: (limits) => done(opened().rollback(limits)),
  ping: (limits) => done(opened().ping(limits)),
  reset() {
    cursors.clear();
    opened().reset();
  },
  version: () => opened().version(),
  close: () => done(connection?.close()),
};

async function done(work: Awaitable<void>): Promise<undefined> {
  await work;
  return undefined;
}

function opened(): SqliteConnection {
  if (connection === undefined) throw new TypeError("The database connection is not open");
  return connection;
}

async function answer<Name extends CallName>(request: Request<Name>): Promise<void> {
  const { id, call, send } = request;
  let reply: Reply;
  try {
    const get = await handlers[call](send);
    reply = { id, call, get, inTransaction: connection?.inTransaction ?? false };
  } catch (error) {
    reply = { id, error: packError(error), inTransaction: connection?.inTransaction ?? false };
  }
  process.send?.(reply, () => {
    if (call === "close") process.disconnect();
  });
}

process.on("message", (message) => {
  if (isRequest(message)) void answer(message);
});
// Also when the parent was killed: the channel closes with it. A statement that runs is ended first.
process.on("disconnect", () => process.exit());
// A signal to the whole process group is the parent's to answer: it may still want to commit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
