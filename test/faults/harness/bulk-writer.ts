import { DatabaseManager } from "../../../src/index.ts";

// The program of a process that saves many records at once, again and again, until it is killed. It says "ready"
// when it begins.

const { url, size, run }: { url: string; size: number; run: number } = JSON.parse(process.argv[2] ?? "");
const db = url.includes("://")
  ? DatabaseManager.connect(url, { alias: "strata faults" })
  : DatabaseManager.connect("sqlite", { database: url });
await db.ping();
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.write("ready\n");
for (let batch = 1; ; batch++) {
  const mark = `${run}-${batch}`;
  await db.saveEntities(
    "bulk",
    Array.from({ length: size }, (_, i) => ({ id: `${mark}-${i}`, mark, n: i })),
  );
}
