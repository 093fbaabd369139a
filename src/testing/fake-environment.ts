import type { Backend } from "../backend/index.ts";
import { type Call, ConnectionCore, type ConnectionEnvironment } from "../connection/index.ts";
import { Emitter } from "../observe/emitter.ts";
import type { DatabaseEvents } from "../observe/events.ts";
import { type Operation, wait } from "../operation/index.ts";
import { asyncSleep } from "../resilience/sleep.ts";
import { SqlTranslator } from "../sql/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeDriver, fakeBackend } from "./fake-driver.ts";

/** What connections share, on a clock that moves only when told to. */
export interface FakeEnvironment extends ConnectionEnvironment {
  readonly clock: FakeClock;
  /** The pauses that were asked for, in milliseconds. */
  readonly pauses: readonly number[];
}

/** An environment whose separate connections are those of `backend`. One that blocks does not sleep. */
export function fakeEnvironment(
  options: { readonly backend?: Backend; readonly blocking?: boolean } = {},
): FakeEnvironment {
  const { backend = fakeBackend(() => new FakeDriver()), blocking = false } = options;
  const { dialect } = backend;
  const clock = new FakeClock(1);
  const pauses: number[] = [];
  const target = {
    database: "fake",
    host: "localhost",
    port: 0,
    user: undefined,
    password: () => undefined,
    alias: "fake",
    connectTimeoutMs: 1000,
    options: {},
  };
  function* separately<T>(_call: Call, work: (core: ConnectionCore) => Operation<T>): Operation<T> {
    const core = new ConnectionCore(yield* wait(backend.connect(target)), environment);
    try {
      return yield* work(core);
    } finally {
      yield* core.close();
    }
  }
  const environment: FakeEnvironment = {
    backend,
    capabilities: backend.capabilities,
    database: "fake",
    translator: new SqlTranslator(dialect.syntax, (value) => dialect.bindValue(value)),
    clock,
    events: new Emitter<DatabaseEvents>(),
    queryTimeoutMs: 60_000,
    blocking,
    pauses,
    separately,
    sleep: (ms, signal) => {
      pauses.push(ms);
      return blocking ? undefined : asyncSleep(clock, signal)(ms);
    },
  };
  return environment;
}
