import { describe, expect, it } from "vitest";
import { ConnectionError, DatabaseError, SqlSyntaxError } from "../errors/index.ts";
import { type Awaitable, type Operation, runAsync, runSync } from "../operation/index.ts";
import { FakeDriver, type FakeRows, fakeBackend } from "../testing/fake-driver.ts";
import { fakeEnvironment } from "../testing/fake-environment.ts";
import { type Fate, findFate, type LostWork, rolledBackCommit, unknownCommit } from "./commit-outcome.ts";

const evidence = { sql: "SELECT evidence" };
const find = "SELECT session 7";
const kill = "KILL session 7";
const endings = {
  findSession: (id: string | number) => ({ sql: `SELECT session ${id}` }),
  endSession: (id: string | number) => ({ sql: `KILL session ${id}` }),
};
const there = [["here"]];

interface World {
  /** What each statement is answered with. */
  readonly answer?: (sql: string) => Awaitable<FakeRows>;
  /** Called at each connect; what it throws is the failure. */
  readonly connect?: () => void;
  /** Whether the backend can end a session. */
  readonly ends?: boolean;
  readonly lost?: Partial<LostWork>;
  readonly blocking?: boolean;
  /** Whether connecting never ends. */
  readonly hangs?: boolean;
}

/** The search for lost work of session 7; `calls` lists what was asked of the connections that it made. */
function search(world: World = {}) {
  const { answer = () => undefined, connect, ends = true, lost, blocking = false, hangs = false } = world;
  const calls: string[] = [];
  const base = fakeBackend(() => new FakeDriver()).dialect;
  const backend = fakeBackend(
    () => {
      connect?.();
      return new FakeDriver((call) => {
        calls.push(call);
        return answer(call);
      });
    },
    { dialect: ends ? { ...base, ...endings } : base },
  );
  const hanging = { ...backend, connect: () => new Promise<never>(() => {}) };
  const environment = fakeEnvironment({ backend: hangs ? hanging : backend, blocking });
  const work: LostWork = { environment, evidence, sessionId: 7, ...lost };
  const fate = (timeoutMs: number, signal?: AbortSignal): Operation<Fate> =>
    findFate(work, { timeoutMs, signal });
  async function run(timeoutMs = 60_000, signal?: AbortSignal): Promise<Fate> {
    let running = true;
    const found = runAsync(fate(timeoutMs, signal)).finally(() => {
      running = false;
    });
    found.catch(() => {});
    while (running) await environment.clock.advance(5);
    return await found;
  }
  return { environment, calls, fate, run };
}

describe("findFate", () => {
  it("committed: the evidence is there, whatever became of the session", async () => {
    const { run, calls } = search({ answer: (sql) => (sql === evidence.sql ? there : undefined) });
    expect(await run()).toBe("committed");
    expect(calls).toEqual([find, evidence.sql, "CLOSE"]);
    const without = search({ ends: false, answer: (sql) => (sql === evidence.sql ? there : undefined) });
    expect(await without.run()).toBe("committed");
    expect(without.calls).toEqual([evidence.sql, "CLOSE"]);
  });

  it("rolled back: there is no evidence, and the session is over", async () => {
    const { run, calls } = search();
    expect(await run()).toBe("rolled back");
    expect(calls).toEqual([find, evidence.sql, "CLOSE"]);
  });

  it("ends the session before it looks, for as long as it lives: its COMMIT may still be on its way", async () => {
    let lives = 3;
    const { run, calls, environment } = search({
      answer: (sql) => (sql === find && lives-- > 0 ? there : undefined),
    });
    expect(await run()).toBe("rolled back");
    expect(calls).toEqual([find, kill, find, kill, find, kill, find, evidence.sql, "CLOSE"]);
    expect(environment.pauses).toEqual([25, 25, 25]);
  });

  it("unknown: there is no evidence, and the session cannot be ended, or its name is not known", async () => {
    for (const world of [{ ends: false }, { lost: { sessionId: undefined } }]) {
      const { run, calls } = search(world);
      expect(await run()).toBe("unknown");
      expect(calls).toEqual([evidence.sql, "CLOSE"]);
    }
  });

  it.each([
    [[], "rolled back"],
    [there, "unknown"],
  ] as const)(
    "knows a session that is refused its end for being over (then found: %j)",
    async (then, fate) => {
      let found: FakeRows = there;
      const { run } = search({
        answer: (sql) => {
          if (sql === find) return found;
          if (sql !== kill) return undefined;
          found = [...then];
          throw new DatabaseError("no such session", { outcome: "rejected" });
        },
      });
      expect(await run()).toBe(fate);
    },
  );

  it("unknown: the session does not end in time", async () => {
    const { run, calls } = search({ answer: (sql) => (sql === find ? there : undefined) });
    expect(await run(300)).toBe("unknown");
    expect(calls.at(-2)).toBe(evidence.sql);
  });

  it("unknown without a question: nothing would tell, or no time is left", async () => {
    for (const world of [{ lost: { evidence: undefined } }, {}]) {
      const { run, calls } = search(world);
      expect(await run(world.lost === undefined ? 0 : 60_000)).toBe("unknown");
      expect(calls).toEqual([]);
    }
  });

  it("tries again for a server that is gone for a moment", async () => {
    let failures = 3;
    const { run, environment } = search({
      connect: () => {
        if (failures-- > 0) throw new ConnectionError("refused", { outcome: "not_sent" });
      },
    });
    expect(await run()).toBe("rolled back");
    expect(environment.pauses).toEqual([100, 100, 100]);
  });

  it("gives up at the limit, of 5 s at most, when the server does not come back", async () => {
    for (const [limitMs, lastsMs] of [
      [250, 250],
      [60_000, 5000],
    ] as const) {
      const { run, environment } = search({
        connect: () => {
          throw new ConnectionError("refused", { outcome: "not_sent" });
        },
      });
      expect(await run(limitMs)).toBe("unknown");
      expect(environment.pauses.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(lastsMs);
    }
  });

  it("does not ask again what the database refuses to answer", async () => {
    for (const refusal of [
      new ConnectionError("wrong password", { outcome: "not_sent" }, "STRATA_CONNECTION_REFUSED"),
      new SqlSyntaxError("no permission"),
    ]) {
      let connects = 0;
      const { run, environment } = search({
        connect: () => {
          connects += 1;
          throw refusal;
        },
      });
      expect(await run()).toBe("unknown");
      expect([connects, environment.pauses]).toEqual([1, []]);
    }
  });

  it("ends at once when the signal aborts: in a pause, in a connect that hangs, and in a question", async () => {
    const worlds: readonly World[] = [
      {
        connect: () => {
          throw new ConnectionError("refused", { outcome: "not_sent" });
        },
      },
      { answer: () => new Promise<FakeRows>(() => {}) },
      { hangs: true },
    ];
    for (const world of worlds) {
      const controller = new AbortController();
      const { run, environment, calls } = search(world);
      environment.clock.setTimer(() => controller.abort(), 130);
      expect(await run(60_000, controller.signal)).toBe("unknown");
      // Asking the server to stop a question may take its grace.
      expect(environment.clock.now()).toBeLessThan(400);
      expect(calls.filter((call) => call === evidence.sql)).toEqual([]);
    }
  });

  it("keeps to the call's time while a connect hangs", async () => {
    const { run, environment } = search({ hangs: true });
    expect(await run(300)).toBe("unknown");
    expect(environment.clock.now()).toBeLessThan(320);
  });

  it("does not hide a failure that is no database's", async () => {
    const { run } = search({
      connect: () => {
        throw new RangeError("bug");
      },
    });
    await expect(run()).rejects.toThrow(RangeError);
  });

  it("finds out for callers who block too", () => {
    const { fate } = search({ blocking: true, answer: (sql) => (sql === evidence.sql ? there : undefined) });
    expect(runSync(fate(1000))).toBe("committed");
  });
});

describe("the errors of a lost commit", () => {
  const cause = new Error("read ECONNRESET");

  it("unknown: asks again when it is told to", async () => {
    const { environment } = search({ answer: (sql) => (sql === evidence.sql ? there : undefined) });
    const error = unknownCommit({ environment, evidence, sessionId: 7 }, cause);
    expect(error).toMatchObject({
      outcome: "unknown",
      retryable: false,
      backend: "fake",
      operation: "commit",
      cause,
    });
    expect(await error.resolve()).toBe("committed");
    const blind = unknownCommit({ environment, evidence: undefined, sessionId: 7 }, cause);
    expect(await blind.resolve()).toBe("unknown");
  });

  it("rolled back: a lost connection whose work is certainly gone", () => {
    const { environment } = search();
    const error = rolledBackCommit({ environment, evidence, sessionId: 7 }, cause);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({
      outcome: "rolled_back",
      code: "STRATA_CONNECTION",
      operation: "commit",
      cause,
    });
  });
});
