import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Report, Task } from "./fixtures/saver.ts";

const program = join(import.meta.dirname, "fixtures/saver.ts");

function isReport(message: unknown): message is Report {
  return typeof message === "object" && message !== null && "versions" in message;
}

function next(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`a saving process ended with ${code} before its answer`)));
  });
}

/** Starts a process for each task, lets all begin at one moment, and answers their reports. */
export async function saveFromProcesses(tasks: readonly Task[], alsoAtStart = () => {}): Promise<Report[]> {
  // The compiled sources are kept there, so that only the first process has to make them.
  const cache = mkdtempSync(join(tmpdir(), "strata-compiled-"));
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }));
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const children = tasks.map((task) => {
    const child = fork(program, { env });
    child.send(task);
    return child;
  });
  onTestFinished(() => {
    for (const child of children) child.kill("SIGKILL");
  });
  await Promise.all(children.map(next));
  const reports = children.map(next);
  for (const child of children) child.send("go");
  alsoAtStart();
  return (await Promise.all(reports)).filter(isReport);
}
