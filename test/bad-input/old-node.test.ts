import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder } from "./bench.ts";

const root = join(import.meta.dirname, "../..");

/** A Node.js of this machine that is older than the library's oldest; undefined when there is none. */
function oldNode(): string | undefined {
  const paths = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/local/bin"];
  return paths
    .map((path) => join(path, "node"))
    .filter((path) => existsSync(path))
    .find((path) => {
      const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
      const major = Number(/^v(\d+)/.exec(stdout ?? "")?.[1]);
      return major < 22;
    });
}

/** What the package would hold, in a folder from which it finds its dependencies. */
function compiled(): string {
  const path = folder();
  mkdirSync(path, { recursive: true });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const args = [
    "-p",
    join(root, "tsconfig.build.json"),
    "--outDir",
    join(path, "dist"),
    "--declaration",
    "false",
  ];
  // Whether the sources compile is for another test to say.
  spawnSync(process.execPath, [tsc, ...args]);
  writeFileSync(join(path, "package.json"), '{ "type": "module" }');
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
  return path;
}

describe("a Node.js that is too old", () => {
  const node = oldNode();
  const version =
    node === undefined ? "none here" : execFileSync(node, ["--version"], { encoding: "utf8" }).trim();

  it.skipIf(node === undefined)(
    `(${version}) is told so, and not ended by the driver`,
    { meta: { backend: "sqlite/async" } },
    () => {
      const path = compiled();
      writeFileSync(
        join(path, "program.mjs"),
        `import { ConfigurationError, DatabaseManager } from "./dist/index.js";
       const tell = (error) => console.log(error instanceof ConfigurationError, error.code, error.message);
       const db = DatabaseManager.connect("sqlite", { database: "test.db" });
       await db.saveEntity("users", { name: "Ann" }).catch(tell);
       try {
         DatabaseManager.connectSync("sqlite", { database: "test.db" }).ping();
       } catch (error) {
         tell(error);
       }
       await DatabaseManager.closeAll();`,
      );
      const { status, signal, stdout, stderr } = spawnSync(node ?? "", ["program.mjs"], {
        cwd: path,
        encoding: "utf8",
      });
      const told = /^true STRATA_RUNTIME_UNSUPPORTED expected Node.js 22.* or newer.*got 2?\d\.\d+\.\d+.*$/;
      expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
      expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(told), expect.stringMatching(told)]);
      expect(existsSync(join(path, "test.db"))).toBe(false);
    },
  );
});
