import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FigureRecorder } from "./figures.ts";

describe("FigureRecorder", () => {
  it("is all zero at first", () => {
    expect(new FigureRecorder().snapshot()).toEqual({ count: 0, totalMs: 0, maxMs: 0, p95Ms: 0 });
  });

  it("answers 0 for waits that took no time", () => {
    const recorder = new FigureRecorder();
    for (let i = 0; i < 99; i += 1) recorder.record(0);
    recorder.record(1_000);
    expect(recorder.snapshot().p95Ms).toBeLessThanOrEqual(1 / 16);
    expect(recorder.snapshot()).toMatchObject({ count: 100, totalMs: 1_000, maxMs: 1_000 });
  });

  it("knows the 95th percentile within a fifth", () => {
    const times = fc.array(fc.double({ min: 0.1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
    const property = fc.property(times, (values) => {
      const recorder = new FigureRecorder();
      for (const value of values) recorder.record(value);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(0.95 * values.length) - 1] ?? 0;
      const { p95Ms } = recorder.snapshot();
      expect(p95Ms).toBeGreaterThanOrEqual(exact * 0.999);
      expect(p95Ms).toBeLessThanOrEqual(exact * 1.2);
    });
    fc.assert(property);
  });
});
