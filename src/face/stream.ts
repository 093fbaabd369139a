import { Call, type ConnectionCore, type Params, type TransactionScope } from "../connection/index.ts";
import type { Operation } from "../operation/index.ts";
import type { OpenStream } from "./runner.ts";

/**
 * Opens a stream on a connection, which is the stream's alone until it is closed. The call's limit holds for the
 * opening, and again for each wait for rows: how long the reader takes between them is his own affair.
 */
export function* openStream(
  core: ConnectionCore,
  from: TransactionScope | null,
  sql: string,
  params: Params | undefined,
  call: Call,
): Operation<OpenStream> {
  const { transactions } = core;
  const { statement } = core.environment.translator.translate(sql);
  const cursor = yield* transactions.exclusive(from, call, () => core.stream(sql, params, call));
  transactions.streaming = true;
  return {
    cursor: {
      columns: cursor.columns,
      read: (count) => core.drive(anew(call, core, call.signal), () => cursor.read(count), statement),
    },
    *close() {
      try {
        if (core.usable) yield* core.drive(anew(call, core), () => cursor.close(), statement);
      } finally {
        transactions.streaming = false;
      }
    },
  };
}

/** The same call with its whole time before it. A stream is closed even when its signal has aborted. */
function anew({ operation, limitMs, tags }: Call, core: ConnectionCore, signal?: AbortSignal): Call {
  return new Call(operation, core.environment.clock, limitMs, signal, tags);
}
