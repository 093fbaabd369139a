import { describe, expect, it } from "vitest";
import type { BackendDefinition } from "../backend/index.ts";
import {
  ClosedError,
  CommitOutcomeUnknownError,
  ConnectionError,
  DeadlockError,
  TransactionDoomedError,
  TransactionStateError,
  UniqueViolationError,
  UnsupportedError,
} from "../errors/index.ts";
import { type Operation, runAsync, runSync, wait } from "../operation/index.ts";
import { settled } from "../testing/fake-clock.ts";
import { FakeDriver, type FakeRows, fakeBackend } from "../testing/fake-driver.ts";
import { fakeEnvironment } from "../testing/fake-environment.ts";
import { Call } from "./call.ts";
import { ConnectionCore } from "./connection-core.ts";
import type { TransactionScope } from "./transaction-scope.ts";

const refuse =
  (text: string) =>
  (call: string): FakeRows => {
    if (call === text) throw new UniqueViolationError(`refused ${text}`);
    return undefined;
  };

function connected(
  onCall?: (call: string, driver: FakeDriver) => FakeRows | Promise<FakeRows>,
  { blocking = false, ...changes }: Partial<BackendDefinition> & { readonly blocking?: boolean } = {},
) {
  const environment = fakeEnvironment({ backend: fakeBackend(() => new FakeDriver(), changes), blocking });
  const driver: FakeDriver = new FakeDriver((call) => onCall?.(call, driver));
  const core = new ConnectionCore(driver, environment);
  const { transactions } = core;
  const call = (operation = "test", timeoutMs = 1000, signal?: AbortSignal) =>
    new Call(operation, environment.clock, timeoutMs, signal);
  /** One statement on the handle of `from`, which waits for its turn. */
  const execute = (sql: string, from: TransactionScope | null = null, by = call()) =>
    runAsync(transactions.exclusive(from, by, () => core.execute(sql, undefined, by)));
  const transaction = <T>(
    body: (scope: TransactionScope) => T | Promise<T>,
    from: TransactionScope | null = null,
  ) => runAsync(transactions.transaction<T>(from, {}, call("transaction"), body));
  return { environment, driver, core, transactions, call, execute, transaction };
}

describe("a transaction", () => {
  it("commits what its callback has done, and answers what it answers", async () => {
    const { transaction, execute, driver, transactions } = connected();
    expect(await transaction(async (scope) => (await execute("a", scope)).length)).toBe(0);
    expect(driver.calls).toEqual(["BEGIN", "a", "COMMIT"]);
    expect(transactions.current).toBeNull();
  });

  it.each([false, true])(
    "is not called undone when its statements may have run without it (swallowed: %s)",
    async (swallowed) => {
      const { transaction, execute } = connected((call, driver) => {
        if (call !== "a") return undefined;
        driver.usable = false;
        throw new CommitOutcomeUnknownError("not begun");
      });
      const failed = transaction((scope) => {
        const answer = execute("a", scope);
        return swallowed ? answer.catch(() => undefined) : answer;
      });
      await expect(failed).rejects.toMatchObject({ outcome: "unknown" });
    },
  );

  it("has certainly done nothing when the connection is lost while it is begun", async () => {
    const { transaction, transactions } = connected((call, driver) => {
      if (call !== "BEGIN") return undefined;
      driver.usable = false;
      throw new ConnectionError("read ECONNRESET", { outcome: "unknown" });
    });
    let runs = 0;
    const begun = transaction(() => {
      runs += 1;
    });
    await expect(begun).rejects.toMatchObject({ code: "STRATA_CONNECTION", outcome: "rolled_back" });
    expect([runs, transactions.current, transactions.wouldBeUndone]).toEqual([0, null, false]);
  });

  it("is rolled back when its callback throws, at once or later", async () => {
    const { transaction, driver } = connected();
    const mine = new RangeError("mine");
    const atOnce = transaction(() => {
      throw mine;
    });
    await expect(atOnce).rejects.toBe(mine);
    await expect(transaction(() => Promise.reject(mine))).rejects.toBe(mine);
    expect(driver.calls).toEqual(["BEGIN", "ROLLBACK", "BEGIN", "ROLLBACK"]);
  });

  it("cannot be committed after a failed statement, even if that was swallowed", async () => {
    const { transaction, execute, driver } = connected(refuse("bad"));
    const swallowing = transaction(async (scope) => {
      await execute("bad", scope).catch(() => {});
      await expect(execute("next", scope)).rejects.toBeInstanceOf(TransactionDoomedError);
    });
    await expect(swallowing).rejects.toMatchObject({ code: "STRATA_TRANSACTION_DOOMED" });
    expect(driver.calls).toEqual(["BEGIN", "bad", "ROLLBACK"]);
  });

  it("takes no statement after its end", async () => {
    const { transaction, execute } = connected();
    const scope = await transaction((scope) => scope);
    await expect(execute("late", scope)).rejects.toBeInstanceOf(ClosedError);
  });

  it("that cannot begin leaves nothing open", async () => {
    const { transaction, driver, transactions } = connected(refuse("BEGIN"));
    await expect(transaction(() => 1)).rejects.toThrow("refused BEGIN");
    expect(driver.calls).toEqual(["BEGIN"]);
    expect(transactions.current).toBeNull();
  });

  it("that cannot be committed is rolled back, and says why", async () => {
    const { transaction, driver } = connected(refuse("COMMIT"));
    await expect(transaction(() => 1)).rejects.toThrow("refused COMMIT");
    expect(driver.calls).toEqual(["BEGIN", "COMMIT", "ROLLBACK"]);
  });

  it("gives the first failure, not that of the rollback, after which the connection is no longer used", async () => {
    const { transaction, core } = connected(refuse("ROLLBACK"));
    const failing = transaction(() => {
      throw new RangeError("mine");
    });
    await expect(failing).rejects.toThrow("mine");
    expect(core.usable).toBe(false);
  });

  it.each([
    ["ROLLBACK", null],
    ["ROLLBACK TO SAVEPOINT strata_1", "nested"],
  ])("does not wait for ever for %s", async (text, nested) => {
    const { transactions, call, core } = connected((called) =>
      called === text ? new Promise<never>(() => {}) : undefined,
    );
    const limits = call("transaction", 20);
    const fail = () => {
      throw new RangeError("mine");
    };
    const failing = transactions.transaction(null, {}, limits, (scope) =>
      nested === null ? fail() : runAsync(transactions.transaction(scope, {}, limits, fail)),
    );
    await expect(runAsync(failing)).rejects.toThrow("mine");
    expect(core.usable).toBe(false);
  });

  it("has the whole limit for its commit, however long the callback took", async () => {
    const { transaction, environment, driver } = connected();
    await transaction(() => environment.clock.advance(10_000));
    expect(driver.calls).toEqual(["BEGIN", "COMMIT"]);
  });

  it("refuses an isolation level that the backend does not keep, before it begins", async () => {
    const { transactions, call, driver } = connected(undefined, {
      capabilities: { isolationLevels: ["serializable"] },
    });
    const begin = (isolation: "serializable" | "read committed") =>
      runAsync(transactions.begin({ isolation }, call(), false));
    await expect(begin("read committed")).rejects.toBeInstanceOf(UnsupportedError);
    expect(driver.calls).toEqual([]);
    await begin("serializable");
    expect(driver.begun).toEqual({ isolation: "serializable" });
  });
});

describe("a nested transaction", () => {
  it("is a savepoint, whose failure leaves the outer one usable", async () => {
    const { transaction, execute, driver } = connected(refuse("bad"));
    await transaction(async (outer) => {
      await transaction((inner) => execute("a", inner), outer);
      await expect(transaction((inner) => execute("bad", inner), outer)).rejects.toThrow("refused bad");
      await execute("b", outer);
    });
    expect(driver.calls).toEqual([
      "BEGIN",
      "SAVEPOINT strata_1",
      "a",
      "RELEASE SAVEPOINT strata_1",
      "SAVEPOINT strata_1",
      "bad",
      "ROLLBACK TO SAVEPOINT strata_1",
      "RELEASE SAVEPOINT strata_1",
      "b",
      "COMMIT",
    ]);
  });

  it("cannot save the outer one when the database has ended all of it", async () => {
    const { transaction, execute, driver } = connected((call, driver) => {
      if (call !== "deadlock") return undefined;
      driver.inTransaction = false;
      throw new DeadlockError("deadlock");
    });
    const work = transaction(async (outer) => {
      await transaction((inner) => execute("deadlock", inner), outer).catch(() => {});
      await execute("next", outer);
    });
    await expect(work).rejects.toMatchObject({
      code: "STRATA_TRANSACTION_DOOMED",
      cause: { code: "STRATA_DEADLOCK" },
    });
    expect(driver.calls).toEqual(["BEGIN", "SAVEPOINT strata_1", "deadlock"]);
  });

  it("dooms the outer one when it cannot be rolled back", async () => {
    const { transaction, core } = connected(refuse("ROLLBACK TO SAVEPOINT strata_1"));
    const work = transaction(async (outer) => {
      await transaction(() => Promise.reject(new Error("mine")), outer).catch(() => {});
    });
    await expect(work).rejects.toBeInstanceOf(TransactionDoomedError);
    expect(core.usable).toBe(false);
  });

  it("that was not awaited is rolled back with the outer one, and this is said", async () => {
    const { transaction, driver, transactions } = connected();
    const end = Promise.withResolvers<void>();
    let inner: Promise<unknown> | undefined;
    const outer = transaction(async (scope) => {
      inner = transaction(() => end.promise, scope);
      await settled();
    });
    await expect(outer).rejects.toBeInstanceOf(TransactionStateError);
    expect(driver.calls).toEqual(["BEGIN", "SAVEPOINT strata_1", "ROLLBACK"]);
    end.resolve();
    await inner;
    expect(driver.calls).toHaveLength(3);
    expect(transactions.current).toBeNull();
  });

  it("has no options of its own, and needs savepoints", async () => {
    const { transactions, call } = connected();
    await runAsync(transactions.begin({}, call(), false));
    await expect(runAsync(transactions.begin({ readOnly: true }, call(), false))).rejects.toThrow(
      "outermost",
    );
    const without = connected(undefined, { capabilities: { savepoints: false } });
    await runAsync(without.transactions.begin({}, call(), false));
    await expect(runAsync(without.transactions.begin({}, call(), false))).rejects.toBeInstanceOf(
      UnsupportedError,
    );
    expect(without.driver.calls).toEqual(["BEGIN"]);
  });
});

describe("who may use a connection", () => {
  /** A driver that answers each call only when it is told to. */
  function slow() {
    const answers: (() => void)[] = [];
    const made = connected(
      () =>
        new Promise((resolve) => {
          answers.push(() => resolve(undefined));
        }),
    );
    const answer = async () => {
      await settled();
      answers.shift()?.();
      await settled();
    };
    return { ...made, answer };
  }

  it("one call after the other, in the order of asking", async () => {
    const { execute, driver, answer } = slow();
    const calls = ["a", "b", "c"].map((sql) => execute(sql));
    await settled();
    expect(driver.calls).toEqual(["a"]);
    await answer();
    expect(driver.calls).toEqual(["a", "b"]);
    await answer();
    await answer();
    await Promise.all(calls);
    expect(driver.peak).toBe(1);
  });

  it("who waits leaves the line when his time is up or his signal aborts; the others go on", async () => {
    const { execute, driver, answer, call, environment } = slow();
    const first = execute("a");
    const controller = new AbortController();
    const aborted = execute("b", null, call("b", 1000, controller.signal));
    const late = execute("c", null, call("c", 100));
    const last = execute("d");
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "STRATA_ABORTED", outcome: "not_sent" });
    const timedOut = expect(late).rejects.toMatchObject({
      code: "STRATA_QUERY_TIMEOUT",
      outcome: "not_sent",
    });
    await environment.clock.advance(100);
    await timedOut;
    await answer();
    await answer();
    await Promise.all([first, last]);
    expect(driver.calls).toEqual(["a", "d"]);
  });

  it("a call from outside waits for the end of the transaction", async () => {
    const { execute, transaction, driver } = connected();
    const end = Promise.withResolvers<void>();
    const work = transaction(async (scope) => {
      await execute("inside", scope);
      await end.promise;
    });
    const outside = execute("outside");
    await settled();
    expect(driver.calls).toEqual(["BEGIN", "inside"]);
    end.resolve();
    await Promise.all([work, outside]);
    expect(driver.calls).toEqual(["BEGIN", "inside", "COMMIT", "outside"]);
  });

  it("a call on the connection's own handle, made inside the callback, takes part in the transaction", async () => {
    const { execute, transaction, driver } = connected();
    await transaction(async () => {
      await execute("own handle");
    });
    expect(driver.calls).toEqual(["BEGIN", "own handle", "COMMIT"]);
  });

  it("everybody, in a transaction that was begun by hand", async () => {
    const { execute, transactions, call, driver } = connected();
    await runAsync(transactions.exclusive(null, call(), () => transactions.begin({}, call(), true)));
    await execute("a");
    expect(driver.calls).toEqual(["BEGIN", "a"]);
  });

  it("nobody while a stream is read; also not who was in the line before it was opened", async () => {
    const { execute, driver, transactions, call, answer } = slow();
    function* openStream(): Operation<void> {
      const by = call("stream");
      yield* transactions.exclusive(null, by, function* () {
        yield* wait(driver.stream({ text: "stream", readOnly: true, reusable: true }));
      });
      transactions.streaming = true;
    }
    const opening = runAsync(openStream());
    const refused = expect(execute("a")).rejects.toBeInstanceOf(TransactionStateError);
    await answer();
    await opening;
    await refused;
    await expect(execute("b")).rejects.toBeInstanceOf(TransactionStateError);
    expect(driver.calls).toEqual(["stream"]);
    transactions.streaming = false;
    const after = execute("c");
    await answer();
    await after;
  });

  it("whoever blocks, for nothing runs beside him", () => {
    const { transactions, call, driver, core } = connected(undefined, { blocking: true });
    runSync(transactions.begin({}, call(), false));
    expect(transactions.tryEnter(null)).toBe(true);
    runSync(core.execute("a", undefined, call()));
    transactions.leave();
    expect(driver.calls).toEqual(["BEGIN", "a"]);
  });
});

describe("atomically", () => {
  it("makes a transaction of its own where none is open, and else takes part in the open one", async () => {
    const { transactions, core, call, driver, transaction } = connected();
    const work = () => core.execute("a", undefined, call());
    await runAsync(transactions.atomically(call(), {}, work));
    expect(driver.calls.splice(0)).toEqual(["BEGIN", "a", "COMMIT"]);
    await transaction(() => runAsync(transactions.atomically(call(), {}, work)));
    expect(driver.calls).toEqual(["BEGIN", "a", "COMMIT"]);
  });

  it("rolls its own transaction back when the work fails", async () => {
    const { transactions, core, call, driver } = connected(refuse("bad"));
    const work = transactions.atomically(call(), {}, () => core.execute("bad", undefined, call()));
    await expect(runAsync(work)).rejects.toThrow("refused bad");
    expect(driver.calls).toEqual(["BEGIN", "bad", "ROLLBACK"]);
  });

  const failing = () => {
    throw new RangeError("mine");
  };

  it("with a savepoint, undoes work that failed by itself, and the transaction goes on", async () => {
    const { transactions, call, driver, transaction, execute } = connected();
    await transaction(async (scope) => {
      await expect(runAsync(transactions.atomically(call(), {}, failing, "savepoint"))).rejects.toThrow(
        "mine",
      );
      await execute("next", scope);
    });
    expect(driver.calls).toEqual([
      "BEGIN",
      "SAVEPOINT strata_1",
      "ROLLBACK TO SAVEPOINT strata_1",
      "RELEASE SAVEPOINT strata_1",
      "next",
      "COMMIT",
    ]);
  });

  it("with a savepoint, a failed statement dooms the transaction in any case", async () => {
    const { transactions, core, call, transaction } = connected(refuse("bad"));
    const work = transaction(async () => {
      const bad = () => core.execute("bad", undefined, call());
      await runAsync(transactions.atomically(call(), {}, bad, "savepoint")).catch(() => {});
    });
    await expect(work).rejects.toBeInstanceOf(TransactionDoomedError);
  });

  it("where there are no savepoints, any failure dooms the transaction", async () => {
    const { transactions, call, transaction, driver } = connected(undefined, {
      capabilities: { savepoints: false },
    });
    const work = transaction(async () => {
      await runAsync(transactions.atomically(call(), {}, failing, "savepoint")).catch(() => {});
    });
    await expect(work).rejects.toMatchObject({
      code: "STRATA_TRANSACTION_DOOMED",
      cause: { message: "mine" },
    });
    expect(driver.calls).toEqual(["BEGIN", "ROLLBACK"]);
  });
});

describe("listeners", () => {
  function listening() {
    const made = connected();
    const told: string[] = [];
    const listen = () =>
      made.transactions.listen({
        committed: () => told.push("committed"),
        rolledBack: () => told.push("rolled back"),
      });
    return { ...made, told, listen };
  }

  it("are told of the outermost commit, once", async () => {
    const { transaction, told, listen } = listening();
    await transaction(async (outer) => {
      listen();
      await transaction(() => {}, outer);
      expect(told).toEqual([]);
    });
    await transaction(() => {});
    expect(told).toEqual(["committed"]);
  });

  it("are told of each rollback, also of a nested one", async () => {
    const { transaction, told, listen } = listening();
    const fail = () => Promise.reject(new Error("mine"));
    await transaction(async (outer) => {
      listen();
      await transaction(fail, outer).catch(() => {});
      expect(told).toEqual(["rolled back"]);
      throw new Error("mine");
    }).catch(() => {});
    await transaction(() => {});
    expect(told).toEqual(["rolled back", "rolled back"]);
  });
});

describe("beginAgain", () => {
  it("begins the outermost transaction anew, with its options, after the database has committed it", async () => {
    const { transactions, call, driver } = connected(undefined, {
      capabilities: { isolationLevels: ["serializable"] },
    });
    await runAsync(transactions.begin({ isolation: "serializable" }, call(), false));
    await runAsync(transactions.beginAgain(call()));
    expect(driver.calls).toEqual(["BEGIN"]);
    driver.inTransaction = false;
    await runAsync(transactions.beginAgain(call()));
    expect(driver.calls).toEqual(["BEGIN", "BEGIN"]);
    expect(driver.begun).toEqual({ isolation: "serializable" });
  });

  it("cannot bring a savepoint back, so that all of it is doomed", async () => {
    const { transactions, call, driver } = connected();
    const outer = await runAsync(transactions.begin({}, call(), false));
    await runAsync(transactions.begin({}, call(), false));
    driver.inTransaction = false;
    await expect(runAsync(transactions.beginAgain(call()))).rejects.toBeInstanceOf(TransactionDoomedError);
    expect(outer.state.is).toBe("doomed");
  });
});

describe("failed", () => {
  it("does not doom a transaction by what was never sent", async () => {
    const { transaction, transactions } = connected();
    await transaction(() => {
      transactions.failed(new ConnectionError("not sent", { outcome: "not_sent" }));
      expect(transactions.current?.state.is).toBe("open");
    });
  });
});
