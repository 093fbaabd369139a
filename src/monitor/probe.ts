import { WouldBlockError } from "../errors/index.ts";
import { type Awaitable, isPromiseLike } from "../operation/index.ts";
import { type Clock, systemClock } from "../resilience/index.ts";
import { bounded } from "./bounded.ts";
import { failureText } from "./failure-text.ts";

/** What can be asked for a sign of life: a database or a connection, of either face. */
export interface PingTarget {
  /** Throws when there is no answer within `timeout` seconds. */
  ping(options: { readonly timeout: number }): Awaitable<void>;
  /** Runs `fn` outside of the transaction around it. */
  outsideTransaction?<T>(fn: () => T): T;
}

export interface Probe {
  /** How long it took to know, the wait for a connection included. */
  readonly latencyMs: number;
  /** Why there was no answer, without secrets; null when there was one. */
  readonly failure: string | null;
}

/** The target's own limit is the shorter one: its error says more, as who holds the connections. */
const ownShare = 0.9;

/** Asks for a sign of life. Never throws, and answers within `limitMs` unless the target blocks the thread. */
export async function probe(target: PingTarget, limitMs: number, clock: Clock = systemClock): Promise<Probe> {
  const startedMs = clock.now();
  const timeout = (limitMs * ownShare) / 1000;
  // In a transaction the ping would say nothing of the pool, and its failure would doom the transaction.
  const ping = () =>
    target.outsideTransaction === undefined
      ? target.ping({ timeout })
      : target.outsideTransaction(() => target.ping({ timeout }));
  try {
    await bounded("the database", limitMs, ping);
    return { latencyMs: clock.now() - startedMs, failure: null };
  } catch (error) {
    return { latencyMs: clock.now() - startedMs, failure: failureText(error) };
  }
}

/** As `probe`, for callers who block. An asynchronous target is a `WouldBlockError`. */
export function probeSync(target: PingTarget, limitMs: number, clock: Clock = systemClock): Probe {
  const startedMs = clock.now();
  let answer: Awaitable<void>;
  try {
    answer = target.ping({ timeout: limitMs / 1000 });
  } catch (error) {
    return { latencyMs: clock.now() - startedMs, failure: failureText(error) };
  }
  if (isPromiseLike(answer)) {
    answer.then(undefined, () => {});
    throw new WouldBlockError("a database of the asynchronous face was given; use checkDatabaseHealth");
  }
  return { latencyMs: clock.now() - startedMs, failure: null };
}
