import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What is known of an error, as a line of the history keeps it. */
export interface ErrorNote {
  readonly name: string;
  readonly code: string;
  readonly outcome: string;
  readonly message: string;
  /** Whether it is one of the library's errors. */
  readonly typed: boolean;
  /** Whether what can be printed of it shows the password or a value that was bound. */
  readonly leaks: boolean;
}

/** One line: an operation begins (`invoke`), or has ended. */
export interface HistoryLine {
  /** Wall clock, in milliseconds, so that the lines of several processes can be laid side by side. */
  readonly t: number;
  readonly op: "create" | "append" | "pair" | "read";
  readonly id: string;
  /** Tells the call: worker, client and number. */
  readonly key: string;
  /** Unique; stored in the record's field `mark`. */
  readonly writeId: string;
  readonly phase: "invoke" | "ok" | "fail" | "unknown";
  readonly version?: number;
  readonly ms?: number;
  /** How much longer than wanted the process's own timers took meanwhile, in milliseconds. */
  readonly stalledMs?: number;
  /** Milliseconds that the call was allowed. */
  readonly limitMs: number;
  readonly err?: ErrorNote;
}

export interface Ending {
  readonly line: HistoryLine;
  /** Absent when the process ended first. */
  readonly end: HistoryLine | undefined;
}

/** A folder for the histories of one run. It stays when the run fails, and its path is printed. */
export class HistoryFolder {
  readonly path = mkdtempSync(join(tmpdir(), "strata-faults-"));

  file(worker: number): string {
    return join(this.path, `worker-${worker}.jsonl`);
  }

  note(name: string, text: string): void {
    appendFileSync(join(this.path, name), `${text}\n`);
  }

  lines(): HistoryLine[] {
    return readdirSync(this.path)
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) => readLines(join(this.path, name)));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Runs `fn` with a folder for its history, which is kept when `fn` throws. */
export async function withHistory<T>(fn: (folder: HistoryFolder) => Promise<T>): Promise<T> {
  const folder = new HistoryFolder();
  try {
    const result = await fn(folder);
    folder.remove();
    return result;
  } catch (error) {
    folder.note("failure.txt", error instanceof Error ? (error.stack ?? error.message) : String(error));
    console.error(`the history of this run is kept in ${folder.path}`);
    throw error;
  }
}

/** Each operation with its end. */
export function endings(lines: readonly HistoryLine[]): Ending[] {
  const ends = new Map(lines.filter(({ phase }) => phase !== "invoke").map((line) => [line.key, line]));
  return lines.filter(({ phase }) => phase === "invoke").map((line) => ({ line, end: ends.get(line.key) }));
}

function readLines(file: string): HistoryLine[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  // A process that was killed may have left half a line.
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line): HistoryLine => JSON.parse(line));
}
