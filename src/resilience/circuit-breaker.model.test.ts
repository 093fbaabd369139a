import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CircuitOpenError } from "../errors/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { type BreakerCall, CircuitBreaker } from "./circuit-breaker.ts";

describe("any sequence of calls", () => {
  const action = fc.oneof(
    { weight: 1, arbitrary: fc.record({ type: fc.constant("sign of life" as const) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant("begin" as const) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("end" as const),
        which: fc.nat(100),
        verdict: fc.constantFrom("success", "failure", "failure", "loss", "loss", "loss", "cancel"),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("wait" as const),
        ms: fc.constantFrom(1, 90, 400, 1000, 2500, 7000),
      }),
    },
  );

  it("leaves the breaker where a plain model is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 120, size: "max" }), async (actions) => {
        const clock = new FakeClock();
        const breaker = new CircuitBreaker("model", modelOptions, clock);
        const model = new Model();
        const calls: { real: BreakerCall; model: number }[] = [];
        for (const step of actions) {
          if (step.type === "wait") await clock.advance(step.ms);
          else if (step.type === "sign of life") {
            breaker.signOfLife();
            model.signOfLife();
          } else if (step.type === "begin") {
            const id = model.begin(clock.now());
            if (id === undefined) expect(() => breaker.begin()).toThrow(CircuitOpenError);
            else calls.push({ real: breaker.begin(), model: id });
          } else if (calls.length > 0) {
            const [call] = calls.splice(step.which % calls.length, 1);
            if (call === undefined) continue;
            call.real[step.verdict]();
            model.end(call.model, step.verdict, clock.now());
          }
          expect(breaker.state).toBe(model.stateAt(clock.now()));
        }
      }),
      { numRuns: 300 },
    );
  });
});

const modelOptions = {
  failureThreshold: 3,
  minFailureRate: 0.5,
  windowSize: 1,
  recoveryTimeout: 2,
  halfOpenMaxCalls: 2,
  probeTimeout: 5,
} as const;

/** The breaker's rules without its economies: every event is kept, and every answer is worked out from all of them. */
class Model {
  #period: { state: "closed" | "open" | "half_open"; sinceMs: number; id: number } = {
    state: "closed",
    sinceMs: 0,
    id: 0,
  };
  #calls: { period: number; startedMs: number; endedMs?: number; verdict?: string }[] = [];
  #order: number[] = [];
  #aliveAt = 0;

  signOfLife(): void {
    this.#aliveAt = this.#order.length;
  }

  stateAt(nowMs: number): string {
    for (;;) {
      const { state, sinceMs, id } = this.#period;
      const stuck = this.#calls
        .filter((call) => call.period === id && call.endedMs === undefined)
        .map((call) => call.startedMs + 5000)
        .filter((failsAtMs) => failsAtMs <= nowMs);
      if (state === "open" && nowMs >= sinceMs + 2000) this.#enter("half_open", nowMs);
      else if (state === "half_open" && stuck.length > 0) this.#enter("open", Math.min(...stuck));
      else return state;
    }
  }

  begin(nowMs: number): number | undefined {
    const state = this.stateAt(nowMs);
    const running = this.#calls.filter(
      (call) => call.period === this.#period.id && call.endedMs === undefined,
    );
    if (state === "open" || (state === "half_open" && running.length >= 2)) return undefined;
    return this.#calls.push({ period: this.#period.id, startedMs: nowMs }) - 1;
  }

  end(index: number, verdict: string, nowMs: number): void {
    this.stateAt(nowMs);
    const call = this.#calls[index];
    if (call === undefined) return;
    call.endedMs = nowMs;
    call.verdict = verdict;
    if (call.period !== this.#period.id || verdict === "cancel") return;
    this.#order.push(index);
    const ended = this.#order
      .flatMap((id) => this.#calls[id] ?? [])
      .filter((each) => each.period === call.period);
    if (this.#period.state === "half_open") {
      if (verdict !== "success") this.#enter("open", nowMs);
      else if (ended.length >= 2) this.#enter("closed", nowMs);
      return;
    }
    const slice = (timeMs: number) => Math.floor(timeMs / 100);
    const recent = ended.filter((each) => slice(each.endedMs ?? 0) > slice(nowMs) - 10);
    const counted = recent.filter((each) => each.verdict !== "loss");
    const failures = counted.filter((each) => each.verdict === "failure").length;
    const sinceAlive = this.#order
      .slice(this.#aliveAt)
      .flatMap((id) => this.#calls[id] ?? [])
      .filter((each) => each.period === call.period);
    const lastSuccess = sinceAlive.findLastIndex((each) => each.verdict === "success");
    const run = sinceAlive.slice(lastSuccess + 1).filter((each) => each.verdict === "failure").length;
    const share = failures >= 3 && counted.length >= 6 && failures >= counted.length / 2;
    const barren = ended.slice(ended.findLastIndex((each) => each.verdict === "success") + 1);
    let lostAtMs = Number.NEGATIVE_INFINITY;
    let losses = 0;
    for (const each of barren) {
      if (each.verdict !== "loss" || each.startedMs < lostAtMs) continue;
      losses += 1;
      lostAtMs = each.endedMs ?? 0;
    }
    if (verdict !== "success" && (run >= 3 || share || losses >= 12)) this.#enter("open", nowMs);
  }

  #enter(state: "closed" | "open" | "half_open", sinceMs: number): void {
    this.#period = { state, sinceMs, id: this.#period.id + 1 };
  }
}
