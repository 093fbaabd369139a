import type { ConnectTarget, DriverConnection } from "../../../backend/index.ts";
import { ConnectTimeoutError, QueryTimeoutError } from "../../../errors/index.ts";
import { parseSqliteOptions } from "../options.ts";
import { checkPath, fileKey } from "../session.ts";
import { TimerPauses } from "../waits.ts";
import { WriteClaim } from "../write-turn.ts";
import { ChildProcess } from "./child-process.ts";
import { IsolatedConnection } from "./connection.ts";

/** Opens the target in a child process of its own. */
export async function openIsolated(target: ConnectTarget): Promise<DriverConnection> {
  const options = parseSqliteOptions(target.options);
  checkPath(target.database, options);
  const pauses = new TimerPauses();
  const child = new ChildProcess(pauses.clock);
  const { database, connectTimeoutMs } = target;
  try {
    await child.ask(
      "open",
      { database, connectTimeoutMs, options },
      { timeoutMs: connectTimeoutMs, outcomeIfLost: "not_sent" },
    );
  } catch (error) {
    child.kill("destroyed");
    await child.exited;
    if (!(error instanceof QueryTimeoutError)) throw error;
    throw new ConnectTimeoutError(
      `the process for an isolated connection was not ready within ${connectTimeoutMs} ms`,
      { backend: "sqlite", cause: error },
    );
  }
  return new IsolatedConnection(child, new WriteClaim(fileKey(database), pauses), pauses, options.readOnly);
}
