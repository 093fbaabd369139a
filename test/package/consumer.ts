import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

export const root = join(import.meta.dirname, "../..");

const exec = promisify(execFile);

/** Child processes run on the Node.js that runs the tests: npm finds it first on its path. */
const environment = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
};

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program and answers what it printed. A failure's message holds both outputs. */
export async function run(cwd: string, program: string, args: readonly string[]): Promise<Output> {
  try {
    return await exec(program, args, { cwd, env: environment, timeout: 300_000, maxBuffer: 64 << 20 });
  } catch (error) {
    const { stdout = "", stderr = "" }: { stdout?: string; stderr?: string } = Object(error);
    throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}

export function npm(cwd: string, ...args: string[]): Promise<Output> {
  return run(cwd, "npm", args);
}

/** A project of a user, in a temporary folder of its own. */
export class Consumer {
  readonly folder = mkdtempSync(join(tmpdir(), "strata-package-"));

  constructor(manifest: Readonly<Record<string, unknown>> = {}) {
    this.write("package.json", JSON.stringify({ name: "consumer", private: true, ...manifest }));
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  }

  install(...packages: string[]): Promise<Output> {
    return npm(this.folder, "install", "--no-audit", "--no-fund", ...packages);
  }

  node(...args: string[]): Promise<Output> {
    return run(this.folder, process.execPath, args);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
