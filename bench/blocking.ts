/** What the blocking bridge costs: calls that do nothing on the other side. Run: `node bench/blocking.ts`. */
import { bench, run, summary } from "mitata";
import { connectBlocking } from "../src/backends/blocking/index.ts";
import { DatabaseError } from "../src/errors/index.ts";
import { connect } from "../test/backends/fixtures/async-driver.ts";

const target = {
  database: "db",
  host: "localhost",
  port: 0,
  user: undefined,
  password: undefined,
  alias: "bench",
  connectTimeoutMs: 10_000,
  options: {},
};
const module = new URL("../test/backends/fixtures/async-driver.ts", import.meta.url);
const limits = { timeoutMs: 30_000 };
const echo = { text: "echo", readOnly: true, reusable: true };
const rows = { text: "rows 1000", readOnly: true, reusable: true };
const values = [1, "alice", 2n ** 60n, null];

const blocking = connectBlocking(
  { module, exportName: "connect", target },
  { toDatabaseError: (_error, facts) => new DatabaseError("bench", facts) },
);
const direct = await connect({ ...target, password: () => undefined });

summary(() => {
  bench("one row, direct and awaited", async () => await direct.execute(echo, values, limits));
  bench("one row, across the bridge", () => blocking.execute(echo, values, limits));
});
summary(() => {
  bench("1,000 rows of 4 columns, direct and awaited", async () => await direct.execute(rows, [], limits));
  bench("1,000 rows of 4 columns, across the bridge", () => blocking.execute(rows, [], limits));
});
await run();
blocking.destroy();
