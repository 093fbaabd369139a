import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseManager } from "../../../src/index.ts";
import { errorNote } from "./error-note.ts";

// The program of one process that uses an entity for the first time, at the same time as others. It says "ready",
// waits for a line on stdin, and says what came of it.

export interface RaceReport {
  readonly saved: number;
  readonly longestMs: number;
  readonly errors: readonly string[];
}

const { url, racer, keys }: { url: string; racer: number; keys: number } = JSON.parse(process.argv[2] ?? "");
const db = url.includes("://")
  ? DatabaseManager.connect(url, { alias: "strata faults" })
  : DatabaseManager.connect("sqlite", { database: url });
await db.ping();
process.stdin.once("data", () => void race());
process.stdin.on("end", () => process.exit(0));
process.stdout.write("ready\n");

async function race(): Promise<void> {
  let saved = 0;
  let longestMs = 0;
  const errors: string[] = [];
  for (let key = 0; key <= keys; key++) {
    const begin = performance.now();
    try {
      // The fields come in the same order everywhere, so that all want the same one at once.
      await db.saveEntity("raced", { id: `${racer}-${key}`, racer, [`key${key}`]: key });
      saved += 1;
    } catch (error) {
      const { name, outcome, message } = errorNote(error, []);
      errors.push(`${name}/${outcome}: ${message}`);
    }
    longestMs = Math.max(longestMs, performance.now() - begin);
    await sleep(1);
  }
  const report: RaceReport = { saved, longestMs, errors };
  process.stdout.write(`${JSON.stringify(report)}\n`, () => {
    db.close().finally(() => process.exit(0));
  });
}
