const sliceCount = 10;

interface Slice {
  /** Number of the slice of time since the clock's zero. */
  index: number;
  calls: number;
  failures: number;
}

export interface CallCounts {
  readonly calls: number;
  readonly failures: number;
}

/**
 * Counts calls and failures of the last `windowMs`, in ten slices: the oldest slice is dropped as a whole, so the
 * window is between nine and ten tenths of its length. Takes the same room however many calls there are.
 */
export class CallWindow {
  readonly #sliceMs: number;
  readonly #slices: Slice[] = Array.from({ length: sliceCount }, () => ({
    index: -1,
    calls: 0,
    failures: 0,
  }));

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / sliceCount;
  }

  record(nowMs: number, failed: boolean): void {
    const index = Math.floor(nowMs / this.#sliceMs);
    const slice = this.#slices[index % sliceCount];
    if (slice === undefined) return;
    if (slice.index !== index) {
      slice.index = index;
      slice.calls = 0;
      slice.failures = 0;
    }
    slice.calls += 1;
    if (failed) slice.failures += 1;
  }

  counts(nowMs: number): CallCounts {
    const oldest = Math.floor(nowMs / this.#sliceMs) - sliceCount + 1;
    let calls = 0;
    let failures = 0;
    for (const slice of this.#slices) {
      if (slice.index < oldest) continue;
      calls += slice.calls;
      failures += slice.failures;
    }
    return { calls, failures };
  }
}
