import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type Block, root } from "./pages.ts";

const run = promisify(execFile);

/** Where a block's program lies. Each has a folder of its own, so that none meets another's databases. */
interface Program {
  readonly folder: string;
  readonly file: string;
}

/** Programs from the pages, in a temporary folder. */
export class Programs {
  readonly #folder = mkdtempSync(join(tmpdir(), "strata-docs-"));

  write(block: Block): Program {
    const name = `${block.page.replaceAll(/\W/g, "-")}-${block.line}`;
    const folder = join(this.#folder, name);
    const file = join(folder, "program.mts");
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, block.code);
    return { folder, file };
  }

  /** Runs a program to its end; rejects with what it printed when it fails. */
  async run({ folder, file }: Program): Promise<string> {
    const hooks = pathToFileURL(join(import.meta.dirname, "resolve-stratadb.ts")).href;
    const args = ["--import", hooks, file];
    const { stdout } = await run(process.execPath, args, { cwd: folder, timeout: 20_000 });
    return stdout;
  }

  /** What the compiler says against the programs that were written; nothing of the library's own sources. */
  async typeErrors(): Promise<string[]> {
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        paths: { stratadb: [join(root, "src/index.ts")] },
        typeRoots: [join(root, "node_modules/@types")],
      },
      include: ["**/*.mts"],
    };
    writeFileSync(join(this.#folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const output = await run(process.execPath, [compiler, "-p", "."], { cwd: this.#folder }).then(
      () => "",
      (failure: { readonly stdout: string }) => failure.stdout,
    );
    return output.split("\n").filter((line) => /program\.mts\(\d+/.test(line));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
