import * as z from "zod/mini";
import { ConfigurationError } from "../errors/index.ts";
import { type PoolOptions, parsePoolOptions } from "../pool/options.ts";
import { countOption, expected, flagOption, secondsOption, secondsToMs } from "./check.ts";
import type { PoolPreset } from "./options.ts";

/** Sizes and times of a pool; times in seconds. What is left out has the default of `PoolOptions`. */
export interface PoolConfig {
  /** Connections kept open even when nobody needs them. */
  readonly minSize?: number | undefined;
  /** Connections kept for use. More than these are overflow, closed as soon as they are given back. */
  readonly maxSize?: number | undefined;
  /** Connections above `maxSize` in a rush: `maxSize + maxOverflow` is the hard limit. */
  readonly maxOverflow?: number | undefined;
  /** Age at which a connection is replaced, before a firewall or the server cuts it; 0: never for its age. */
  readonly recycle?: number | undefined;
  /** How long a connection above `minSize` may stand idle before it is closed; 0: for ever. */
  readonly idleTimeout?: number | undefined;
  /** A connection idle for longer is asked for a sign of life before it is used; 0: every time. */
  readonly validateAfterIdle?: number | undefined;
  /** How often an idle connection is asked for a sign of life, so that nothing between cuts it; 0: never. */
  readonly keepalive?: number | undefined;
  /** Callers that may wait for a connection; one more is refused at once. */
  readonly maxWaiting?: number | undefined;
  /** A connection held for longer is reported with the place where it was taken; 0: no report. */
  readonly leakThreshold?: number | undefined;
  /** Whether a connection reported as leaked is also taken back by force. */
  readonly reclaimLeaks?: boolean | undefined;
}

/** Pool settings by workload. More connections live shorter, so that a server is not left with many idle ones. */
export const poolPresets = {
  light: { maxSize: 5, maxOverflow: 10, recycle: 3600 },
  medium: { maxSize: 10, maxOverflow: 20, recycle: 1800 },
  heavy: { maxSize: 20, maxOverflow: 30, recycle: 900 },
  batch: { maxSize: 30, maxOverflow: 50, recycle: 600 },
} as const satisfies Record<PoolPreset, PoolConfig>;

export function isPoolPreset(name: unknown): name is PoolPreset {
  return typeof name === "string" && Object.hasOwn(poolPresets, name);
}

const mostConnections = 100_000;

export const poolSchema = z
  .strictObject(
    {
      minSize: z.optional(countOption(0, mostConnections)),
      maxSize: z.optional(countOption(1, mostConnections)),
      maxOverflow: z.optional(countOption(0, mostConnections)),
      recycle: z.optional(secondsOption({ zero: "for never" })),
      idleTimeout: z.optional(secondsOption({ zero: "for never" })),
      validateAfterIdle: z.optional(secondsOption({ zero: "for always" })),
      keepalive: z.optional(secondsOption({ zero: "for never" })),
      maxWaiting: z.optional(countOption(0, 10_000_000)),
      leakThreshold: z.optional(secondsOption({ zero: "for no report" })),
      reclaimLeaks: z.optional(flagOption()),
    },
    expected("the name of a preset, or an object of pool settings"),
  )
  .check((context) => {
    // What contradicts what is the pool's to say; a setting that is wrong by itself has been reported already.
    const contradiction = context.issues.length === 0 ? contradictionIn(context.value) : undefined;
    if (contradiction !== undefined) {
      context.issues.push({ code: "custom", input: undefined, message: contradiction });
    }
  });

export const poolSettingNames: readonly string[] = Object.keys(poolSchema.shape);

const counts = ["minSize", "maxSize", "maxOverflow", "maxWaiting"] as const;
const times = [
  ["recycle", "recycleMs"],
  ["idleTimeout", "idleTimeoutMs"],
  ["validateAfterIdle", "validateAfterIdleMs"],
  ["keepalive", "keepaliveMs"],
  ["leakThreshold", "leakThresholdMs"],
] as const;

/** Turns seconds into the pool's milliseconds, and leaves out what is not set. */
export function poolSettingsToMs(settings: PoolConfig): PoolOptions {
  const result: { -readonly [Name in keyof PoolOptions]: PoolOptions[Name] } = {};
  for (const name of counts) {
    const count = settings[name];
    if (count !== undefined) result[name] = count;
  }
  for (const [name, nameMs] of times) {
    const seconds = settings[name];
    if (seconds !== undefined) result[nameMs] = secondsToMs(seconds);
  }
  if (settings.reclaimLeaks !== undefined) result.reclaimLeaks = settings.reclaimLeaks;
  return result;
}

function contradictionIn(settings: PoolConfig): string | undefined {
  try {
    parsePoolOptions(poolSettingsToMs(settings));
    return undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
}
