import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { queryMysql, queryPostgres } from "./clients.ts";
import { isAlive, sweepDeadRuns } from "./folders.ts";
import { createDatabase, type PrivateServer, privateMariadb, privatePostgres } from "./index.ts";

async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > limit) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Kind {
  readonly name: "postgres" | "mysql";
  readonly module: string;
  readonly start: () => Promise<PrivateServer>;
  readonly query: (url: string, text: string) => Promise<readonly (readonly unknown[])[]>;
}

const kinds: readonly Kind[] = [
  { name: "postgres", module: "privatePostgres", start: privatePostgres, query: queryPostgres },
  { name: "mysql", module: "privateMariadb", start: privateMariadb, query: queryMysql },
];

describe.each(kinds)("a private $name server", ({ name, module, start, query }) => {
  const provided = inject(name);
  const missing = "reason" in provided;

  it.skipIf(missing)(
    "keeps its data through a stop, a crash and a restart, and leaves nothing behind",
    async () => {
      const server = await start();
      const database = await createDatabase(server);
      await database.query("create table t (a int)");
      await database.query("insert into t values (1)");
      const first = server.pid;
      await server.restart();
      expect(isAlive(first)).toBe(false);
      await server.kill9();
      await expect(query(server.url, "select 1")).rejects.toThrow();
      await server.start();
      expect(await database.query("select a from t")).toEqual([[1]]);
      await database.drop();
      await expect(query(database.url, "select 1")).rejects.toThrow();
      const { pid, dataDir } = server;
      await server.close();
      expect([isAlive(pid), existsSync(dataDir)]).toEqual([false, false]);
    },
  );

  it.skipIf(missing)("ends when the run that started it is killed", async () => {
    const script = `
      import { ${module} } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
      const { pid, dataDir } = await ${module}();
      process.stdout.write(JSON.stringify({ pid, dataDir }));
      setInterval(() => {}, 1000);
    `;
    const run = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said = await new Promise<string>((resolve) =>
      run.stdout.once("data", (data) => resolve(String(data))),
    );
    const { pid, dataDir }: { pid: number; dataDir: string } = JSON.parse(said);
    expect(isAlive(pid)).toBe(true);
    run.kill("SIGKILL");
    await until(() => !isAlive(pid) && !existsSync(dataDir));
  });
});

describe("sweepDeadRuns", () => {
  it("removes the folders of runs that are gone, and of no others", async () => {
    const gone = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => gone.once("exit", resolve));
    const folders = [gone.pid, process.pid].map((pid, i) => {
      const folder = join(tmpdir(), `strata-test-sweep-${process.pid}-${i}`);
      mkdirSync(folder);
      writeFileSync(join(folder, "run.pid"), `${pid}\n`);
      return folder;
    });
    sweepDeadRuns();
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, true]);
    writeFileSync(join(folders[1] ?? "", "run.pid"), `${gone.pid}\n`);
    sweepDeadRuns();
    expect(existsSync(folders[1] ?? "")).toBe(false);
  });
});
