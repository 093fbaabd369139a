import { fileURLToPath } from "node:url";

/** Something that holds a stack, such as an Error. */
export interface Place {
  readonly stack?: string | undefined;
}

/** What is known of who has a connection. */
export interface Holder {
  readonly acquiredAtMs: number;
  /** The caller's own name for what it does. */
  readonly label: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** Holds the stack of where the lease was taken, when places are recorded. */
  readonly where: Place | undefined;
  /** Whether it was reported as a leak. */
  reported: boolean;
  /** How the lease ended; undefined while it is held. */
  ended: "released" | "reclaimed" | undefined;
}

/** A lease that is held, for reports. */
export interface HeldLease {
  /** Number of the connection within its pool. */
  readonly connectionId: number;
  readonly heldMs: number;
  readonly label: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** The line of the caller that took the lease, when `leakThresholdMs` is set: `run (/app/orders.ts:10:5)`. */
  readonly place: string | undefined;
  /** The whole stack of that line. */
  readonly stack: string | undefined;
}

export function describeHolder(connectionId: number, holder: Holder, nowMs: number): HeldLease {
  return {
    connectionId,
    heldMs: nowMs - holder.acquiredAtMs,
    label: holder.label,
    tags: holder.tags,
    place: placeOf(holder.where),
    stack: holder.where?.stack,
  };
}

/** Records where a lease is taken or given back: the caller of `above`. Null object: `recordNoPlaces`. */
export type PlaceRecorder = (above: (...args: never[]) => unknown) => Place | undefined;

// Not an Error, whose constructor would walk the stack a second time. V8 formats the text when it is first read.
export const recordPlaces: PlaceRecorder = (above) => {
  const place: Place = {};
  Error.captureStackTrace(place, above);
  return place;
};

export const recordNoPlaces: PlaceRecorder = () => undefined;

const libraryRoot = fileURLToPath(new URL("../", import.meta.url));

/** The first line of the stack that is the program's own: no library's and not Node's. Else the first line. */
export function placeOf(where: Place | undefined): string | undefined {
  const lines = (where?.stack ?? "").split("\n").flatMap((line) => {
    const frame = /^\s+at (?:async )?(.+)$/.exec(line)?.[1];
    return frame === undefined ? [] : [frame.replaceAll("file://", "")];
  });
  return lines.find(isOwn) ?? lines[0];
}

function isOwn(frame: string): boolean {
  return ![libraryRoot, "node_modules", "node:", "<anonymous>"].some((part) => frame.includes(part));
}
