import { ConfigurationError } from "../errors/index.ts";

export interface NumberRule {
  readonly min: number;
  readonly max?: number;
  readonly whole?: true;
}

/**
 * Reads options one by one and collects what is wrong with them. Call `done` at the end: it throws one
 * `ConfigurationError` for all of it, also for options that nobody has read.
 */
export class OptionReader {
  readonly #subject: string;
  readonly #given: ReadonlyMap<string, unknown>;
  readonly #known: string[] = [];
  readonly #problems: string[] = [];

  constructor(subject: string, options: object) {
    this.#subject = subject;
    this.#given = new Map<string, unknown>(Object.entries(options));
  }

  number(name: string, fallback: number, { min, max, whole }: NumberRule): number {
    const value = this.#read(name);
    if (value === undefined) return fallback;
    if (typeof value === "number" && Number.isFinite(value) && value >= min && value <= (max ?? value)) {
      if (whole !== true || Number.isInteger(value)) return value;
    }
    const kind = whole === true ? "a whole number" : "a number";
    this.#refuse(
      name,
      `${kind} ${max === undefined ? `of at least ${min}` : `from ${min} to ${max}`}`,
      value,
    );
    return fallback;
  }

  choice<const Name extends string>(name: string, fallback: Name, choices: readonly Name[]): Name {
    const value = this.#read(name);
    if (value === undefined) return fallback;
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    this.#refuse(name, choices.map((choice) => `"${choice}"`).join(" or "), value);
    return fallback;
  }

  /** Says what must be a function; the caller has its type. */
  callable(name: string): void {
    const value = this.#read(name);
    if (value !== undefined && typeof value !== "function") this.#refuse(name, "a function", value);
  }

  done(): void {
    for (const name of this.#given.keys()) {
      if (!this.#known.includes(name)) {
        this.#problems.push(`${name} is unknown; the options are ${this.#known.join(", ")}`);
      }
    }
    if (this.#problems.length > 0) {
      throw new ConfigurationError(`${this.#subject}: ${this.#problems.join("; ")}`);
    }
  }

  #read(name: string): unknown {
    this.#known.push(name);
    return this.#given.get(name);
  }

  #refuse(name: string, expected: string, value: unknown): void {
    const came = typeof value === "number" || value === null ? String(value) : `a ${typeof value}`;
    this.#problems.push(`${name}: expected ${expected}, got ${came}`);
  }
}
