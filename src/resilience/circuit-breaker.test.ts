import { afterEach, describe, expect, it } from "vitest";
import {
  CircuitOpenError,
  ConfigurationError,
  ConnectTimeoutError,
  UniqueViolationError,
} from "../errors/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { CircuitBreaker, type CircuitBreakerOptions, noBreaker } from "./circuit-breaker.ts";

function make(options: CircuitBreakerOptions = {}) {
  const clock = new FakeClock(5);
  const breaker = new CircuitBreaker("main", options, clock);
  const changes: string[] = [];
  breaker.events.on("change", ({ name, from, to }) => changes.push(`${name}: ${from} > ${to}`));
  const fail = (times: number) => {
    for (let call = 0; call < times; call++) breaker.begin().failure();
  };
  return { clock, breaker, changes, fail };
}

describe("a closed circuit", () => {
  it("opens at the fifth failure within a minute", async () => {
    const { breaker, fail, changes } = make();
    fail(4);
    expect(breaker.state).toBe("closed");
    fail(1);
    expect(breaker.state).toBe("open");
    expect(changes).toEqual(["main: closed > open"]);
  });

  it("forgets failures that are older than the window", async () => {
    const { clock, breaker, fail } = make({ minFailureRate: 0 });
    fail(4);
    breaker.begin().success();
    await clock.advance(60_000);
    fail(4);
    expect(breaker.state).toBe("closed");
    fail(1);
    expect(breaker.state).toBe("open");
  });

  it("bears a few failures among many successes, but not a run of failures", () => {
    const { breaker, fail } = make();
    for (let round = 0; round < 100; round++) {
      breaker.begin().success();
      breaker.begin().success();
      breaker.begin().failure();
    }
    expect(breaker.state).toBe("closed");
    fail(4);
    expect(breaker.state).toBe("open");
  });

  it("opens by rate when every second call fails", () => {
    const { breaker } = make();
    for (let round = 0; round < 5; round++) {
      breaker.begin().success();
      breaker.begin().failure();
    }
    expect(breaker.state).toBe("open");
  });

  it("counts errors by what they say of the database", () => {
    const { breaker } = make();
    for (let call = 0; call < 20; call++) breaker.begin().settle(new UniqueViolationError("taken"));
    for (let call = 0; call < 20; call++) breaker.begin().cancel();
    for (let call = 0; call < 4; call++) breaker.begin().settle(new ConnectTimeoutError("no answer"));
    expect(breaker.state).toBe("closed");
    breaker.begin().settle(new ConnectTimeoutError("no answer"));
    expect(breaker.state).toBe("open");
  });

  it("does not take lost connections for a lost database as long as any call succeeds", () => {
    const { breaker } = make();
    for (let round = 0; round < 20; round++) {
      for (let call = 0; call < 19; call++) breaker.begin().loss();
      breaker.begin().success();
    }
    expect(breaker.state).toBe("closed");
    for (let call = 0; call < 19; call++) breaker.begin().loss();
    // That connections can be made does not help when each is lost.
    breaker.signOfLife();
    expect(breaker.state).toBe("closed");
    breaker.begin().loss();
    expect(breaker.state).toBe("open");
  });

  it("takes connections that were lost together for one", async () => {
    const { breaker, clock } = make();
    const calls = Array.from({ length: 100 }, () => breaker.begin());
    await clock.advance(1);
    for (const call of calls) call.loss();
    expect(breaker.state).toBe("closed");
    for (let call = 0; call < 19; call++) breaker.begin().loss();
    expect(breaker.state).toBe("open");
  });

  it("needs more than a handful of calls to judge by their share", () => {
    const { breaker, fail } = make();
    for (let call = 0; call < 4; call++) breaker.begin().success();
    for (let round = 0; round < 2; round++) {
      fail(2);
      breaker.signOfLife();
    }
    fail(1);
    expect(breaker.state).toBe("closed");
    fail(1);
    expect(breaker.state).toBe("open");
  });

  it("counts a run anew after a success, or a connection that could be made", () => {
    for (const end of ["success", "signOfLife"] as const) {
      const { breaker, fail } = make();
      for (let call = 0; call < 20; call++) breaker.begin().success();
      fail(4);
      if (end === "success") breaker.begin().success();
      else breaker.signOfLife();
      fail(4);
      expect(breaker.state).toBe("closed");
      fail(1);
      expect(breaker.state).toBe("open");
    }
  });

  it("counts each call once", () => {
    const { breaker } = make();
    const call = breaker.begin();
    for (let time = 0; time < 10; time++) call.failure();
    expect(breaker.state).toBe("closed");
  });
});

describe("an open circuit", () => {
  it("refuses at once, and says when to come back", async () => {
    const { clock, breaker, fail } = make();
    fail(5);
    await clock.advance(10_000);
    const error = refusalOf(breaker);
    expect(error.retryAfterMs).toBe(20_000);
    expect(error.message).toBe(
      'no call was made to "main": it failed too often, and has time to recover; try again in 20.0 s',
    );
    expect(breaker.allowRequest()).toBe(false);
  });

  it("ignores calls that began before it opened", async () => {
    const { clock, breaker, fail } = make();
    const early = [breaker.begin(), breaker.begin(), breaker.begin(), breaker.begin()] as const;
    fail(5);
    early[0].success();
    expect(breaker.state).toBe("open");
    await clock.advance(30_000);
    expect(breaker.state).toBe("half_open");
    early[1].failure();
    expect(breaker.state).toBe("half_open");
    early[2].success();
    for (let trial = 0; trial < 2; trial++) breaker.begin().success();
    expect(breaker.state).toBe("half_open");
    breaker.begin().success();
    early[3].failure();
    expect(breaker.state).toBe("closed");
  });
});

describe("a half-open circuit", () => {
  async function halfOpen(options: CircuitBreakerOptions = {}) {
    const made = make(options);
    made.fail(5);
    await made.clock.advance(30_000);
    return made;
  }

  it("lets three calls through at once, and closes when three have succeeded", async () => {
    const { breaker, changes } = await halfOpen();
    const trials = [breaker.begin(), breaker.begin(), breaker.begin()];
    expect(refusalOf(breaker).message).toContain("trial calls show now");
    for (const trial of trials) trial.success();
    expect(breaker.state).toBe("closed");
    expect(changes).toEqual(["main: closed > open", "main: open > half_open", "main: half_open > closed"]);
  });

  it("opens again at the first failure, for the whole time", async () => {
    const { clock, breaker, fail } = await halfOpen();
    const slow = breaker.begin();
    breaker.begin().success();
    await clock.advance(1000);
    fail(1);
    expect(refusalOf(breaker).retryAfterMs).toBe(30_000);
    slow.success();
    await clock.advance(29_999);
    expect(breaker.state).toBe("open");
  });

  it("gives the place of a trial call back that was aborted", async () => {
    const { breaker } = await halfOpen({ halfOpenMaxCalls: 1 });
    for (let call = 0; call < 5; call++) breaker.begin().cancel();
    const trial = breaker.begin();
    expect(breaker.allowRequest()).toBe(false);
    trial.success();
    expect(breaker.state).toBe("closed");
  });

  it("takes a trial call that never ends for a failure", async () => {
    const { clock, breaker, changes } = await halfOpen({ probeTimeout: 20 });
    const stuck = breaker.begin();
    await clock.advance(19_999);
    expect(breaker.state).toBe("half_open");
    await clock.advance(1);
    expect(breaker.state).toBe("open");
    stuck.success();
    expect(breaker.state).toBe("open");
    await clock.advance(30_000);
    expect(breaker.state).toBe("half_open");
    expect(changes).toHaveLength(4);
  });

  it("does not punish later callers for a trial call that got stuck long ago", async () => {
    const { clock, breaker, changes } = await halfOpen();
    breaker.begin();
    await clock.advance(3_600_000);
    expect(breaker.allowRequest()).toBe(true);
    expect(changes.slice(-2)).toEqual(["main: half_open > open", "main: open > half_open"]);
  });
});

describe("the plain methods", () => {
  it("do the same without telling calls apart", async () => {
    const { clock, breaker } = make();
    for (let call = 0; call < 5; call++) {
      expect(breaker.allowRequest()).toBe(true);
      breaker.recordFailure();
    }
    expect(breaker.allowRequest()).toBe(false);
    breaker.recordSuccess();
    expect(breaker.state).toBe("open");
    await clock.advance(30_000);
    expect(breaker.state).toBe("half_open");
    breaker.recordSuccess();
    expect([1, 2, 3, 4].map(() => breaker.allowRequest())).toEqual([true, true, true, false]);
    for (let call = 0; call < 3; call++) breaker.recordSuccess();
    expect(breaker.state).toBe("closed");
  });
});

describe("getOrCreate", () => {
  afterEach(() => CircuitBreaker.forget("shared"));

  it("answers the same breaker for the same name", () => {
    const breaker = CircuitBreaker.getOrCreate("shared", { failureThreshold: 2 });
    expect(CircuitBreaker.getOrCreate("shared")).toBe(breaker);
    expect(CircuitBreaker.getOrCreate("shared", { failureThreshold: 2, windowSize: 60 })).toBe(breaker);
    CircuitBreaker.forget("shared");
    expect(CircuitBreaker.getOrCreate("shared")).not.toBe(breaker);
  });

  it("refuses other options", () => {
    CircuitBreaker.getOrCreate("shared", { failureThreshold: 2 });
    expect(() => CircuitBreaker.getOrCreate("shared", { failureThreshold: 3 })).toThrow(ConfigurationError);
  });

  it("refuses bad options", () => {
    expect(() => new CircuitBreaker("x", { failureThreshold: 0 })).toThrow(
      "failureThreshold: expected a whole number from 1",
    );
    expect(() => new CircuitBreaker("x", { minFailureRate: 1.1 })).toThrow("expected a number from 0 to 1");
    expect(() => Reflect.construct(CircuitBreaker, ["x", { resetTimeout: 5 }])).toThrow(
      "resetTimeout is unknown",
    );
  });
});

describe("noBreaker", () => {
  it("lets everything through", () => {
    for (let call = 0; call < 100; call++) noBreaker.begin().failure();
    for (let call = 0; call < 100; call++) noBreaker.begin().loss();
    noBreaker.signOfLife();
    expect(noBreaker.state).toBe("closed");
  });
});

function refusalOf(breaker: CircuitBreaker): CircuitOpenError {
  try {
    breaker.begin();
  } catch (error) {
    if (error instanceof CircuitOpenError) return error;
  }
  throw new Error("expected the call to be refused");
}
