import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The watcher ends when this process does, however it does, and takes the file system along.
const watcher = 'cat > /dev/null; sleep 1; umount -l "$1" 2> /dev/null; rmdir "$1" 2> /dev/null';

/** A file system in memory that is soon full, in a folder of the test's own. */
export class SmallDisk {
  readonly path: string;
  readonly #watcher: ReturnType<typeof spawn>;

  constructor(megabytes: number) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), "strata-faults-disk-")));
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=777`, "strata-faults", this.path]);
    this.#watcher = spawn("sh", ["-c", watcher, "strata-faults-disk", this.path], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#watcher.unref();
  }

  /** Makes room. */
  grow(megabytes: number): void {
    execFileSync("mount", ["-o", `remount,size=${megabytes}m`, this.path]);
  }

  /** Runs `fn` with this as the folder for temporary files, where the servers of tests live. */
  async holding<T>(fn: () => Promise<T>): Promise<T> {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = this.path;
    try {
      return await fn();
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  }

  remove(): void {
    execFileSync("umount", ["-l", this.path]);
    rmdirSync(this.path);
    this.#watcher.stdin?.end();
  }
}

/** Why there can be no small disk on this machine; undefined when there can. */
export function smallDiskMissing(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return "only root on Linux may mount a file system";
  try {
    new SmallDisk(1).remove();
    return undefined;
  } catch (error) {
    return `no file system can be mounted here: ${error instanceof Error ? error.message : error}`;
  }
}
