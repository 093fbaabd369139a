/** Says which servers the tests would find here: `npm run test:servers`. Fails with --require when one is missing. */
import { startMariadb } from "./mariadb.ts";
import { startPostgres, startPrivatePostgres } from "./postgres.ts";
import { isMissing, type MissingServer, type TestServer } from "./types.ts";

async function report(name: string, start: () => Promise<TestServer | MissingServer>): Promise<boolean> {
  const begin = performance.now();
  const server = await start().catch((error: unknown): MissingServer => ({ reason: String(error) }));
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (isMissing(server)) {
    console.log(`${name.padEnd(22)} none: ${server.reason}`);
    return false;
  }
  console.log(`${name.padEnd(22)} ${server.version} from ${server.origin}, answered after ${seconds} s`);
  await server.close();
  return true;
}

const found = [
  await report("PostgreSQL", () => startPostgres()),
  await report("MySQL or MariaDB", () => startMariadb()),
];
await report("PostgreSQL (system's)", () => startPrivatePostgres({ binaries: "system" }));
if (process.argv.includes("--require") && found.includes(false)) process.exitCode = 1;
