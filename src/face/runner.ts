import {
  type Call,
  type ConnectionCore,
  type RowObject,
  type TransactionScope,
  toRowObjects,
} from "../connection/index.ts";
import { UnsupportedError, ValidationError, WouldBlockError } from "../errors/index.ts";
import { type Awaitable, isPromiseLike, type Operation, runAsync, runSync } from "../operation/index.ts";
import type { Answer, CallbackAnswer, Face, Stream } from "./answer.ts";

/** An opened cursor and what is to be done when it is no longer read. */
export interface OpenStream {
  readonly cursor: {
    readonly columns: readonly string[];
    /** Answers at most `count` rows; fewer, or none, only at the end. */
    read(count: number): Operation<unknown[][]>;
  };
  close(): Operation<void>;
}

/** How a face runs the operations that both faces share. */
export interface Runner<F extends Face> {
  readonly face: F;
  run<T>(operation: Operation<T>): Answer<F, T>;
  /** Begins `work`, and refuses in the way of the face when it throws: a method that answers a promise never throws. */
  begin<T>(work: () => Answer<F, T>): Answer<F, T>;
  /** Runs `work` while nobody else uses the connection. */
  exclusive<T>(
    core: ConnectionCore,
    from: TransactionScope | null,
    call: Call,
    work: () => Operation<T>,
  ): Answer<F, T>;
  /** Checks what a transaction's callback answered, before anything is committed. */
  callbackAnswer<T>(answer: CallbackAnswer<F, T>): Awaitable<T>;
  stream(open: () => Operation<OpenStream>, batchSize: number): Stream<F, RowObject>;
}

export const asyncRunner: Runner<"async"> = {
  face: "async",
  run: (operation) => runAsync(operation),
  begin(work) {
    try {
      return work();
    } catch (error) {
      return Promise.reject(error);
    }
  },
  exclusive: (core, from, call, work) => runAsync(core.transactions.exclusive(from, call, work)),
  callbackAnswer: (answer) => answer,
  async *stream(open, batchSize) {
    checkBatchSize(batchSize);
    const { cursor, close } = await runAsync(open());
    try {
      for (;;) {
        const rows = await runAsync(cursor.read(batchSize));
        yield* toRowObjects(cursor.columns, rows);
        if (rows.length < batchSize) return;
      }
    } finally {
      await runAsync(close());
    }
  },
};

export const syncRunner: Runner<"sync"> = {
  face: "sync",
  run: (operation) => runSync(operation),
  begin: (work) => work(),
  exclusive(core, from, _call, work) {
    // Nothing runs beside a caller who blocks, so this is never refused but for an open stream.
    if (!core.transactions.tryEnter(from)) {
      throw new UnsupportedError(
        "this connection is busy with a stream; read it to its end, or leave its loop, first",
      );
    }
    try {
      return runSync(work());
    } finally {
      core.transactions.leave();
    }
  },
  callbackAnswer(answer) {
    if (!isPromiseLike(answer)) return answer;
    answer.then(undefined, () => {});
    throw new WouldBlockError(
      "the callback of a synchronous transaction answered a promise, so what it does would not be part of the transaction; use the asynchronous face, or a callback without await",
    );
  },
  *stream(open, batchSize) {
    checkBatchSize(batchSize);
    const { cursor, close } = runSync(open());
    try {
      for (;;) {
        const rows = runSync(cursor.read(batchSize));
        yield* toRowObjects(cursor.columns, rows);
        if (rows.length < batchSize) return;
      }
    } finally {
      runSync(close());
    }
  },
};

function checkBatchSize(batchSize: unknown): void {
  if (typeof batchSize === "number" && Number.isSafeInteger(batchSize) && batchSize > 0) return;
  throw new ValidationError(
    `expected batchSize to be a whole number from 1, got ${typeof batchSize === "number" ? batchSize : typeof batchSize}`,
  );
}
