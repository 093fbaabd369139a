import { appendFileSync } from "node:fs";
import { inject } from "vitest";

/** One line of the table that a run ends with. */
export interface Measure {
  /** `07` */
  readonly row: string;
  readonly target: string;
  readonly measured: string;
}

/** Whether only the short set is to run, as in CI. */
export const short = process.env.FAULTS === "short";

/** Keeps what a row has measured, for the table at the end of the run. */
export function measure(row: string, target: string, facts: Readonly<Record<string, string | number>>): void {
  const measured = Object.entries(facts)
    .map(([name, value]) => `${name} ${typeof value === "number" ? tidy(value) : value}`)
    .join(", ");
  const line: Measure = { row, target, measured };
  appendFileSync(inject("measures"), `${JSON.stringify(line)}\n`);
}

function tidy(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 0);
}

/** The value below which the given part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}
