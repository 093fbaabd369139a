import { ClosedError } from "../errors/index.ts";
import { type Holder, type Place, type PlaceRecorder, placeOf } from "./holder.ts";
import type { Slot } from "./slot.ts";
import type { AcquireOptions } from "./waiter.ts";

export interface ReleaseOptions {
  /** Whether the connection must not be used again, because its state is not known. Default false. */
  readonly discard?: boolean;
}

/** A connection that was lent. Whoever has it must call `release`, once, whatever happens. */
export interface Lease<R> {
  readonly resource: R;
  /** Number of the connection within its pool. */
  readonly connectionId: number;
  /** On the monotonic scale of the pool's clock. */
  readonly acquiredAtMs: number;
  /** How it ended; undefined while it is held. After `reclaimed` the resource has been destroyed. */
  readonly ended: "released" | "reclaimed" | undefined;
  /**
   * Gives the connection back; it is reset, and goes to the next caller. A second call is a `ClosedError`. After
   * the pool has reclaimed the lease a call does nothing, so that a `finally` block is not surprised.
   */
  release(options?: ReleaseOptions): void;
}

/** What a lease needs of its pool. */
export interface Lender<R> {
  takeBack(lease: PoolLease<R>, discard: boolean): void;
  /** Where the call of `above` stands, when places are recorded. */
  readonly recordPlace: PlaceRecorder;
}

export class PoolLease<R> implements Lease<R>, Holder {
  readonly slot: Slot<R>;
  readonly resource: R;
  readonly acquiredAtMs: number;
  readonly label: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly where: Place | undefined;
  reported = false;
  ended: "released" | "reclaimed" | undefined = undefined;
  readonly #lender: Lender<R>;
  #releasedAt: Place | undefined = undefined;

  constructor(
    lender: Lender<R>,
    slot: Slot<R>,
    acquiredAtMs: number,
    caller: Pick<AcquireOptions, "label" | "tags">,
    where: Place | undefined,
  ) {
    this.#lender = lender;
    this.slot = slot;
    this.resource = slot.resource;
    this.acquiredAtMs = acquiredAtMs;
    this.label = caller.label;
    this.tags = caller.tags;
    this.where = where;
  }

  get connectionId(): number {
    return this.slot.id;
  }

  release(options?: ReleaseOptions): void {
    if (this.ended === "reclaimed") return;
    if (this.ended === "released") throw this.#releasedTwice();
    this.ended = "released";
    this.#releasedAt = this.#lender.recordPlace(this.release);
    this.#lender.takeBack(this, options?.discard === true);
  }

  #releasedTwice(): ClosedError {
    const lease = `the lease of connection ${this.slot.id}${this.label === undefined ? "" : ` (${this.label})`}`;
    const first = placeOf(this.#releasedAt);
    const second = placeOf(this.#lender.recordPlace(this.release));
    const places =
      first === undefined || second === undefined
        ? "set leakThresholdMs to learn where"
        : `first at ${first}, again at ${second}`;
    return new ClosedError(`${lease} was released twice, expected one release: ${places}`);
  }
}
