import * as z from "zod/mini";
import type { CircuitBreakerOptions, RetryOptions } from "../resilience/index.ts";
import {
  choiceOption,
  countOption,
  customOption,
  describe,
  flagOption,
  isPlainText,
  secondsOption,
  textOption,
} from "./check.ts";
import { copyFrozen } from "./copy.ts";
import { parseEndpoint } from "./endpoints.ts";
import type { PasswordSource } from "./options.ts";
import { poolPresets, poolSchema, poolSettingNames } from "./pool.ts";
import { configurationError, type Problem, problemsOf, unknownOption } from "./problems.ts";
import { foldName } from "./suggest.ts";

const presetName = choiceOption(["light", "medium", "heavy", "batch"]);

/** Not a URL, and not a host with a login or a port: those have options of their own. */
function isHost(host: string): boolean {
  return /^[^\s@[\]]+$/.test(host) && !host.includes("://") && !/^[^:]*:\d*$/.test(host);
}

/** False, or an object of options, which the part that takes them checks. */
function switchedOption<T extends object>(what: string) {
  return customOption<false | T>(
    `false, or an object of ${what} options`,
    (value) => value === false || (typeof value === "object" && value !== null && !Array.isArray(value)),
  );
}

function isEndpoint(text: unknown): boolean {
  return typeof text === "string" && parseEndpoint(text, 0) !== undefined;
}

const settingsSchema = z.object({
  database: textOption("the name of the database, or for SQLite a path", () => true),
  backend: z.optional(textOption("the name of a backend")),
  host: z._default(textOption("a host name, an address or the folder of a socket", isHost), "localhost"),
  hosts: z.optional(
    customOption<readonly string[]>(
      'a list of servers such as ["db1", "db2:5433"]',
      (value) => Array.isArray(value) && value.length > 0 && value.every(isEndpoint),
    ),
  ),
  role: z._default(choiceOption(["primary", "any"]), "any"),
  port: z.optional(countOption(0, 65_535)),
  user: z.optional(textOption("the name of a user")),
  password: z.optional(
    customOption<string | PasswordSource>(
      "a string, or a function that answers one",
      (value) => typeof value === "function" || (typeof value === "string" && isPlainText(value)),
    ),
  ),
  alias: z.optional(textOption("a name that is not empty")),
  env: z._default(textOption("a name that is not empty"), "prod"),
  connectionAcquisitionTimeout: z._default(secondsOption(), 10),
  poolCreationTimeout: z._default(secondsOption(), 30),
  queryExecutionTimeout: z._default(secondsOption(), 60),
  connectionCreationTimeout: z._default(secondsOption(), 15),
  pool: z._default(poolSchema, {}),
  schema: z._default(choiceOption(["auto", "addOnly", "frozen"]), "auto"),
  deserialize: z._default(flagOption(), false),
  unchangedSaves: z._default(choiceOption(["skip", "version"]), "skip"),
  history: z._default(choiceOption(["full", "delta"]), "full"),
  maxFields: z._default(countOption(1, 100_000), 300),
  allowImplicitCommit: z._default(flagOption(), false),
  hooks: z.optional(
    customOption<object>("an object of functions", (value) => typeof value === "object" && value !== null),
  ),
  circuitBreaker: z._default(switchedOption<CircuitBreakerOptions>("circuit breaker"), {}),
  retry: z._default(switchedOption<RetryOptions>("retry"), {}),
});

/** With the name of a preset, the pool's part is one word; so a wrong setting beside it is never half reported. */
const presetSchema = z.extend(settingsSchema, {
  pool: z.pipe(
    presetName,
    z.transform((name) => poolPresets[name]),
  ),
});

/** Everything that a configuration says, checked and with its defaults, but for the backend's own options. */
export type Settings = z.output<typeof settingsSchema>;

export const settingNames: readonly string[] = Object.keys(settingsSchema.shape);

const unsafeNames = new Set(["__proto__", "constructor", "prototype"]);

export interface CheckedOptions {
  readonly settings: Settings;
  /** Options that are not ours, frozen: for the backend to check. */
  readonly backendOptions: Readonly<Record<string, unknown>>;
}

/** Checks a configuration's options, or throws one `ConfigurationError` that lists all that is wrong. */
export function checkOptions(input: unknown): CheckedOptions {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    const hint = typeof input === "string" ? "; for a URL use DatabaseConfig.fromUrl(url)" : "";
    throw configurationError("DatabaseConfig", [
      { path: "options", message: `expected an object, got ${describe(input)}${hint}` },
    ]);
  }
  const given = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const schema = typeof given.get("pool") === "string" ? presetSchema : settingsSchema;
  const parsed = z.safeParse(schema, Object.fromEntries(given));
  const problems = parsed.success ? [] : problemsOf(parsed.error.issues, { pool: poolSettingNames });

  const backendOptions: [string, unknown][] = [];
  for (const [name, value] of given) {
    if (settingNames.includes(name)) continue;
    problems.push(...problemsOfName(name));
    backendOptions.push([name, copyFrozen(value, (message) => problems.push({ path: name, message }))]);
  }
  if (!parsed.success || problems.length > 0) throw configurationError("DatabaseConfig", problems);
  return { settings: parsed.data, backendOptions: Object.freeze(Object.fromEntries(backendOptions)) };
}

/** A name of ours in another spelling is certainly a mistake; one that merely resembles may be the backend's. */
function problemsOfName(name: string): Problem[] {
  if (unsafeNames.has(name)) return [{ path: name, message: "this name cannot be used for an option" }];
  const folded = foldName(name);
  if (settingNames.some((known) => foldName(known) === folded)) {
    return [unknownOption(name, name, settingNames)];
  }
  return [];
}
