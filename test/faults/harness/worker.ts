import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseManager } from "../../../src/index.ts";
import { asyncCaller, type Caller, syncCaller } from "./caller.ts";
import { Client } from "./client.ts";
import type { LoadPlan, WorkerReport } from "./load-plan.ts";
import { chance } from "./seed.ts";
import { Stalls, ThreadStalls } from "./stalls.ts";

// The program of one worker process: clients that call the library until the parent says "stop" on stdin.

const plan: LoadPlan = JSON.parse(process.argv[2] ?? "");
const uncaught: string[] = [];
process.on("uncaughtException", (error) => uncaught.push(String(error)));
process.on("unhandledRejection", (error) => uncaught.push(String(error)));

const backend = plan.url.includes("://") ? plan.url : "sqlite";
const options = backend === "sqlite" ? { database: plan.url, ...plan.options } : plan.options;
const password = plan.url.includes("://") ? decodeURIComponent(new URL(plan.url).password) : "";
const stalls = plan.face === "async" ? new Stalls() : new ThreadStalls();
const random = chance(plan.seed + plan.worker * 7919);
let running = true;

const db = plan.face === "async" ? DatabaseManager.connect(backend, options) : undefined;

function makeCaller(): Caller {
  return db === undefined ? syncCaller(DatabaseManager.connectSync(backend, options)) : asyncCaller(db);
}

const clients = Array.from({ length: plan.clients }, (_, number) => {
  const client = new Client(makeCaller(), plan, number, stalls, chance(random.below(2 ** 31)), (line) =>
    appendFileSync(plan.file, `${JSON.stringify({ ...line, err: line.err })}\n`),
  );
  client.secrets = [password];
  return client;
});
const done = Promise.all(clients.map((client) => client.run(() => running)));

let said = "";
process.stdin.on("data", (data) => {
  said += String(data);
  if (said.includes("stop") && running) void stop();
  if (said.includes("close")) void close();
});
// Whoever started us is gone.
process.stdin.on("end", () => process.exit(0));
process.stdout.write("ready\n");

async function stop(): Promise<void> {
  running = false;
  await done;
  const from = performance.now();
  while (!atRest() && performance.now() - from < 6_000) await sleep(20);
  const report: WorkerReport = {
    ...(db === undefined ? {} : { pool: db.getPoolMetrics() }),
    restMs: performance.now() - from,
    uncaught,
    rssMb: process.memoryUsage().rss / 2 ** 20,
    operations: clients.reduce((sum, client) => sum + client.count, 0),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function atRest(): boolean {
  if (db === undefined) return true;
  const { inUse, waiting, validating, resetting } = db.getPoolMetrics();
  return inUse + waiting + validating + resetting === 0;
}

async function close(): Promise<void> {
  await DatabaseManager.closeAll({ timeout: 5 });
  process.exit(0);
}
