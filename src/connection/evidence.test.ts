import { describe, expect, it } from "vitest";
import { CommitOutcomeUnknownError, ConnectionError } from "../errors/index.ts";
import { runAsync } from "../operation/index.ts";
import { FakeDriver, fakeBackend } from "../testing/fake-driver.ts";
import { fakeEnvironment } from "../testing/fake-environment.ts";
import { Call } from "./call.ts";
import { ConnectionCore } from "./connection-core.ts";
import type { TransactionScope } from "./transaction-scope.ts";

const endings = {
  findSession: (id: string | number) => ({ sql: `SELECT session ${id}` }),
  endSession: (id: string | number) => ({ sql: `KILL session ${id}` }),
};

/**
 * A connection, session 7, that is lost at its COMMIT; `stored` says which evidence is there for the one that looks.
 * `asked` lists what was asked on that other connection.
 */
function losing({
  stored = [],
  sessionEnds = true,
}: {
  stored?: readonly string[];
  sessionEnds?: boolean;
} = {}) {
  const asked: string[] = [];
  const base = fakeBackend(() => new FakeDriver()).dialect;
  const backend = fakeBackend(
    () =>
      new FakeDriver((call) => {
        asked.push(call);
        return stored.includes(call) ? [["there"]] : undefined;
      }),
    { dialect: sessionEnds ? { ...base, ...endings } : base },
  );
  const environment = fakeEnvironment({ backend });
  const driver = new FakeDriver((call) => {
    if (call === "COMMIT") throw new ConnectionError("read ECONNRESET");
    return undefined;
  }, 7);
  const core = new ConnectionCore(driver, environment);
  const { transactions } = core;
  const leave = (sql: string) => transactions.leaveEvidence({ sql });
  const transaction = <T>(
    body: (scope: TransactionScope) => T | Promise<T>,
    from: TransactionScope | null = null,
  ) =>
    runAsync(transactions.transaction<T>(from, {}, new Call("transaction", environment.clock, 1000), body));
  return { core, driver, asked, leave, transaction, transactions };
}

const fail = () => {
  throw new RangeError("mine");
};

describe("a commit whose answer is lost", () => {
  it("is not looked up when the database itself does not know, for what is found there proves nothing", async () => {
    const { transaction, leave, driver, asked } = losing({ stored: ["SELECT v1"] });
    const notReplicated = new CommitOutcomeUnknownError("stored here only");
    driver.onCall = (call) => {
      if (call === "COMMIT") throw notReplicated;
      return undefined;
    };
    await expect(transaction(() => leave("SELECT v1"))).rejects.toBe(notReplicated);
    expect(asked).toEqual([]);
    expect(driver.usable).toBe(true);
  });

  it("has succeeded when its evidence is there", async () => {
    const { transaction, leave, transactions, core } = losing({ stored: ["SELECT v1"] });
    const told: string[] = [];
    const work = transaction(() => {
      transactions.listen({
        committed: () => told.push("committed"),
        rolledBack: () => told.push("rolled back"),
      });
      leave("SELECT v1");
      return 42;
    });
    expect(await work).toBe(42);
    expect(told).toEqual(["committed"]);
    expect(core.usable).toBe(false);
  });

  it("was rolled back when there is none and the session is over", async () => {
    const { transaction, leave, asked, transactions } = losing();
    await expect(transaction(() => leave("SELECT v1"))).rejects.toMatchObject({
      code: "STRATA_CONNECTION",
      outcome: "rolled_back",
      retryable: true,
    });
    expect(asked).toEqual(["SELECT session 7", "SELECT v1", "CLOSE"]);
    expect(transactions.current).toBeNull();
  });

  it("is unknown when nothing tells", async () => {
    const silent = losing();
    await expect(silent.transaction(() => 1)).rejects.toBeInstanceOf(CommitOutcomeUnknownError);
    expect(silent.asked).toEqual([]);
    const { transaction, leave, asked } = losing({ sessionEnds: false });
    await expect(transaction(() => leave("SELECT v1"))).rejects.toBeInstanceOf(CommitOutcomeUnknownError);
    expect(asked).toEqual(["SELECT v1", "CLOSE"]);
  });

  it("is not looked for where the database has answered, or nothing was sent", async () => {
    const { transaction, leave, driver, asked } = losing();
    driver.onCall = (call) => {
      if (call === "COMMIT") throw new ConnectionError("full", { outcome: "rejected" });
      return undefined;
    };
    await expect(transaction(() => leave("SELECT v1"))).rejects.toThrow("full");
    expect(asked).toEqual([]);
    expect(driver.calls).toEqual(["BEGIN", "COMMIT", "ROLLBACK"]);
  });
});

describe("the evidence of a transaction", () => {
  const look = async ({ transaction, asked }: ReturnType<typeof losing>, body: Body) => {
    await transaction(body).catch(() => {});
    return asked.filter((sql) => sql.startsWith("SELECT v"));
  };
  type Body = (scope: TransactionScope) => void | Promise<void>;

  it("is what was left last", async () => {
    const made = losing();
    const body = () => {
      made.leave("SELECT v1");
      made.leave("SELECT v2");
    };
    expect(await look(made, body)).toEqual(["SELECT v2"]);
  });

  it("is that of a nested transaction once it has been released", async () => {
    const made = losing();
    const { leave, transaction } = made;
    const body = async (outer: TransactionScope) => {
      leave("SELECT v1");
      await transaction(() => leave("SELECT v2"), outer);
    };
    expect(await look(made, body)).toEqual(["SELECT v2"]);
  });

  it("stays when a nested transaction leaves none", async () => {
    const made = losing();
    const { leave, transaction } = made;
    const body = async (outer: TransactionScope) => {
      leave("SELECT v1");
      await transaction(() => {}, outer);
    };
    expect(await look(made, body)).toEqual(["SELECT v1"]);
  });

  it("is dropped with a nested transaction that is rolled back, and that before it counts again", async () => {
    const made = losing();
    const { leave, transaction } = made;
    const nested = (outer: TransactionScope) =>
      transaction(() => {
        leave("SELECT v2");
        fail();
      }, outer).catch(() => {});
    const before = async (outer: TransactionScope) => {
      leave("SELECT v1");
      await nested(outer);
    };
    expect(await look(made, before)).toEqual(["SELECT v1"]);
    const lone = losing();
    const only = (outer: TransactionScope) =>
      lone
        .transaction(() => {
          lone.leave("SELECT v2");
          fail();
        }, outer)
        .catch(() => {});
    expect(await look(lone, only)).toEqual([]);
  });

  it("is taken back, at every depth, when the transaction may have removed what it looks for", async () => {
    const made = losing();
    const { leave, transaction, transactions } = made;
    const body = async (outer: TransactionScope) => {
      leave("SELECT v1");
      await transaction(() => {
        leave("SELECT v2");
        transactions.forgetEvidence();
      }, outer);
    };
    expect(await look(made, body)).toEqual([]);
  });

  it("is not kept outside of a transaction", async () => {
    const made = losing();
    made.leave("SELECT v1");
    expect(await look(made, () => {})).toEqual([]);
  });
});
