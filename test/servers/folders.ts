import { execFileSync } from "node:child_process";
import {
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const prefix = "strata-test-";

/** Whom a server runs as. Undefined: as ourselves. */
export type Account = { readonly uid: number; readonly gid: number } | undefined;

/** Database servers refuse to run as root: then the first of these accounts that exists is used. */
export function serverAccount(names: readonly string[]): Account {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of [...names, "nobody"]) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`a database server cannot run as root, and none of ${names.join(", ")} is a user here`);
}

/** Makes a private folder for one server. It names the run that owns it, so that a later run can clear it. */
export function makeFolder(kind: string, account: Account): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `${prefix}${kind}-`)));
  writeFileSync(join(folder, "run.pid"), `${process.pid}\n`);
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  return folder;
}

/** Ends the servers and removes the folders of runs that died without clearing up. */
export function sweepDeadRuns(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(realpathSync(tmpdir()), name);
    const run = readPid(join(folder, "run.pid"));
    if (run === undefined || isAlive(run)) continue;
    const server = readPid(join(folder, "server.pid"));
    if (server !== undefined && runsIn(server, folder)) process.kill(server, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

export function readPid(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Whether the process was started for this folder: a process id alone may have been given to another one. */
function runsIn(pid: number, folder: string): boolean {
  try {
    return execFileSync("ps", ["-ww", "-o", "args=", "-p", String(pid)], { encoding: "utf8" }).includes(
      folder,
    );
  } catch {
    return false;
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
