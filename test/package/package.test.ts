import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { Consumer, npm, root } from "./consumer.ts";

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const destination = mkdtempSync(join(tmpdir(), "strata-pack-"));
const consumer = new Consumer();
let packed: Packed;
let tarball: string;

/** What `npm pack --json` says, after what the build may have printed. */
function parsePacked(stdout: string): Packed {
  const [entry]: Packed[] = JSON.parse(stdout.slice(stdout.indexOf("[\n")));
  if (entry === undefined) throw new Error(`npm pack named no package: ${stdout}`);
  return entry;
}

beforeAll(async () => {
  const { stdout } = await npm(root, "pack", "--json", "--pack-destination", destination);
  packed = parsePacked(stdout);
  tarball = join(destination, packed.filename);
  await consumer.install(tarball);
}, 300_000);

afterAll(() => {
  consumer.remove();
  rmSync(destination, { recursive: true, force: true });
});

describe("the tarball", () => {
  it("holds the compiled modules, and nothing that only we need", () => {
    const paths = packed.files.map((file) => file.path);
    expect(paths).toEqual(
      expect.arrayContaining(["LICENSE", "CHANGELOG.md", "docs/errors.md", "package.json"]),
    );
    expect(paths).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts"]));
    const others = ["LICENSE", "README.md", "CHANGELOG.md", "docs/errors.md", "package.json"];
    expect(paths.filter((path) => !path.startsWith("dist/") && !others.includes(path))).toEqual([]);
    expect(paths.filter((path) => /\.test\.|(?<!\.d)\.ts$|\.map$/.test(path))).toEqual([]);
    const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`;
    console.log(
      `package: ${paths.length} files, ${kib(packed.size)} packed, ${kib(packed.unpackedSize)} unpacked`,
    );
  });

  it("pleases publint", async () => {
    const buffer = readFileSync(tarball);
    const bytes = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
    const { messages, pkg } = await publint({ pack: { tarball: bytes }, level: "warning" });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });
});

describe("without a driver installed", () => {
  it("loads, and names the install command when a database is used", async () => {
    consumer.write(
      "no-driver.mjs",
      `import { ConfigurationError, DatabaseManager } from "stratadb";
       const save = async () => {
         const db = DatabaseManager.connect("sqlite", { database: ":memory:" });
         await db.saveEntity("users", { name: "Alice" });
       };
       const error = await save().then(() => undefined, (reason) => reason);
       console.log(error instanceof ConfigurationError, error?.code, error?.message);`,
    );
    const { stdout } = await consumer.node("no-driver.mjs");
    expect(stdout).toMatch(/^true STRATA_DRIVER_MISSING .*npm install better-sqlite3/);
  });
});

describe("for a backend from outside", () => {
  const example = join(root, "examples/custom-backend");

  beforeAll(async () => {
    const driver = `@duckdb/node-api@${manifest.devDependencies["@duckdb/node-api"]}`;
    await consumer.install(driver, `@types/node@${manifest.devDependencies["@types/node"]}`);
    consumer.write("duckdb/package.json", '{ "type": "module" }');
    for (const name of ["duckdb-backend.ts", "duckdb.test.ts"])
      consumer.write(`duckdb/${name}`, readFileSync(join(example, name), "utf8"));
  }, 300_000);

  it("has the types that the example needs", async () => {
    const compilerOptions = {
      ...{ strict: true, noEmit: true, target: "es2023", module: "nodenext", types: ["node"] },
      ...{
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        allowImportingTsExtensions: true,
      },
    };
    consumer.write("duckdb/tsconfig.json", JSON.stringify({ compilerOptions, files: ["duckdb.test.ts"] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    expect(await consumer.node(tsc, "-p", "duckdb")).toEqual({ stdout: "", stderr: "" });
  });

  it("runs the conformance suite, in a test runner of the author's choice", async () => {
    const { stdout } = await consumer.node("--test", "--test-reporter=tap", "duckdb/duckdb.test.ts");
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(stdout).toMatch(/^# skipped [1-9]/m);
    expect(stdout).toMatch(/needs savepoints: .* # SKIP$/m);
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(90);
  }, 300_000);

  it("loads the suite by require, and answers a report without a test runner", async () => {
    consumer.write(
      "report.cjs",
      `const { runConformance } = require("stratadb/testing");
       const { ConfigurationError } = require("stratadb");
       const backend = { name: "none", capabilities: { isolationLevels: [] } };
       const open = () => { throw new ConfigurationError("it cannot connect"); };
       runConformance({ backend, faces: ["async"], prepare: () => ({ open }) }).then(
         ({ passed, failed, skipped }) => {
           const known = failed.every(({ error }) => error instanceof ConfigurationError);
           console.log(passed.length, failed.length > 90, known, skipped.length > 5, skipped[0].reason);
         },
       );`,
    );
    const { stdout } = await consumer.node("report.cjs");
    expect(stdout).toMatch(/^0 true true true \S.*\n$/);
  });
});

describe("with better-sqlite3 installed", () => {
  beforeAll(async () => {
    const driver = `better-sqlite3@${manifest.peerDependencies["better-sqlite3"]}`;
    await consumer.install(driver, `@types/node@${manifest.devDependencies["@types/node"]}`);
  }, 300_000);

  it("runs from import", async () => {
    consumer.write(
      "app.mjs",
      `import { DatabaseManager } from "stratadb";
       const db = DatabaseManager.connect("sqlite", { database: "./import.db" });
       await db.saveEntity("users", { name: "Alice", age: 30 });
       const users = await db.findEntities("users", { where: "[age] > ?", params: [25], deserialize: true });
       console.log(JSON.stringify(users.map(({ name, age }) => ({ name, age }))));
       await DatabaseManager.closeAll();`,
    );
    expect(await consumer.node("app.mjs")).toEqual({ stdout: '[{"name":"Alice","age":30}]\n', stderr: "" });
  });

  it("runs from require", async () => {
    consumer.write(
      "app.cjs",
      `const { DatabaseManager } = require("stratadb");
       const db = DatabaseManager.connectSync("sqlite", { database: "./require.db" });
       db.saveEntity("users", { name: "Alice", age: 30 });
       const users = db.findEntities("users", { where: "[age] > ?", params: [25], deserialize: true });
       console.log(JSON.stringify(users.map(({ name, age }) => ({ name, age }))));
       db.close();`,
    );
    expect(await consumer.node("app.cjs")).toEqual({ stdout: '[{"name":"Alice","age":30}]\n', stderr: "" });
  });

  describe("a TypeScript program", () => {
    const program = `import { DatabaseManager, type Database } from "stratadb";
      const db: Database = DatabaseManager.connect("sqlite", { database: "./typescript.db" });
      const alice = await db.saveEntity("users", { name: "Alice", age: 30 });
      const adults = await db.findEntities("users", { where: "[age] > ?", params: [25], deserialize: true });
      console.log(typeof alice.id, adults.length);
      await DatabaseManager.closeAll();
      // @ts-expect-error a misspelled method is seen: the types are really there
      void db.saveEntities2;
      export {};
    `;
    const strict = { strict: true, noEmit: true, target: "es2023", skipLibCheck: false, types: ["node"] };
    const tsc = join(root, "node_modules/typescript/bin/tsc");

    beforeAll(() => consumer.write("app.mts", program));

    it.each([
      ["nodenext", { ...strict, module: "nodenext" }],
      ["bundler", { ...strict, module: "esnext", moduleResolution: "bundler" }],
      [
        "nodenext, exact",
        { ...strict, module: "nodenext", exactOptionalPropertyTypes: true, lib: ["es2023"] },
      ],
    ])("compiles with %s", async (_, compilerOptions) => {
      consumer.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["app.mts"] }));
      expect(await consumer.node(tsc, "-p", "tsconfig.json")).toEqual({ stdout: "", stderr: "" });
    });

    it("compiles as CommonJS", async () => {
      consumer.write(
        "app.cts",
        `import { DatabaseManager } from "stratadb";
         const db = DatabaseManager.connectSync("sqlite", { database: ":memory:" });
         db.saveEntity("users", { name: "Alice" });`,
      );
      const compilerOptions = { ...strict, module: "nodenext" };
      consumer.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["app.cts"] }));
      expect(await consumer.node(tsc, "-p", "tsconfig.json")).toEqual({ stdout: "", stderr: "" });
    });

    it("runs", async () => {
      expect(await consumer.node("app.mts")).toEqual({ stdout: "string 1\n", stderr: "" });
    });
  });
});
