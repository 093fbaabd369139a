import type { PortableStatement } from "../backend/index.ts";
import { CommitOutcomeUnknownError, ConnectionError, catalogue, DatabaseError } from "../errors/index.ts";
import { isPromiseLike, type Operation, start, wait } from "../operation/index.ts";
import { Call } from "./call.ts";
import type { ConnectionCore } from "./connection-core.ts";
import type { ConnectionEnvironment } from "./environment.ts";

/** What became of work whose answer was lost. */
export type Fate = "committed" | "rolled back" | "unknown";

/** What is needed to find out what became of the work of a connection that is gone. */
export interface LostWork {
  readonly environment: ConnectionEnvironment;
  /** Answers a row when the work has been committed, and none when it has not. Undefined: nothing would tell. */
  readonly evidence: PortableStatement | undefined;
  /** The server's name for the session that did the work. */
  readonly sessionId: string | number | undefined;
}

// A server that has just lost a connection is often gone for a moment; a caller should not be told "unknown" for that.
const longestSearchMs = 5_000;
const pauseMs = 100;

/** How long the search may take, and who may end it before. */
export interface SearchLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds out, on another connection, whether lost work was committed. "Absent" is told only when it is final: as long
 * as the old session lives, its COMMIT may still be carried out, so the session is ended first. When the limits end the
 * search, or the database refuses the question, the answer is "unknown".
 */
export function* findFate(lost: LostWork, { timeoutMs, signal }: SearchLimits): Operation<Fate> {
  const { environment } = lost;
  const call = new Call("resolveCommit", environment.clock, Math.min(timeoutMs, longestSearchMs), signal);
  while (lost.evidence !== undefined && call.timeoutMs > 0 && signal?.aborted !== true) {
    try {
      const answer = start(environment.separately(call, (core) => look(core, call, lost)));
      // A connect knows of no signal; what it makes after the end of the call, it closes by itself.
      return yield* wait(isPromiseLike(answer) ? call.within(answer) : answer);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (!isWorthAnotherLook(error)) return "unknown";
      yield* wait(environment.sleep(Math.min(pauseMs, call.timeoutMs), signal));
    }
  }
  return "unknown";
}

/** A database that cannot be reached may be back in a moment; the search only reads, so its own outcome is no matter. */
function isWorthAnotherLook(error: DatabaseError): boolean {
  return catalogue[error.code].retry !== "never";
}

function* look(core: ConnectionCore, call: Call, { evidence, sessionId }: LostWork): Operation<Fate> {
  if (evidence === undefined) return "unknown";
  const isOver = yield* endSession(core, call, sessionId);
  const rows = yield* core.execute(evidence.sql, evidence.params, call);
  if (rows.length > 0) return "committed";
  return isOver ? "rolled back" : "unknown";
}

/** Ends the session that did the work, and answers whether it is certainly over. */
function* endSession(
  core: ConnectionCore,
  call: Call,
  sessionId: string | number | undefined,
): Operation<boolean> {
  const { endSession, findSession } = core.environment.backend.dialect;
  if (sessionId === undefined || endSession === undefined || findSession === undefined) return false;
  const { sql, params } = findSession(sessionId);
  function* isGone(): Operation<boolean> {
    return (yield* core.execute(sql, params, call)).length === 0;
  }
  for (;;) {
    if (yield* isGone()) return true;
    if (call.timeoutMs < pauseMs || call.signal?.aborted === true) return false;
    const end = endSession(sessionId);
    try {
      yield* core.execute(end.sql, end.params, call);
    } catch (error) {
      // Some servers refuse to end what has ended by itself since it was seen.
      if (core.usable && (yield* isGone())) return true;
      throw error;
    }
    yield* wait(core.environment.sleep(pauseMs / 4, call.signal));
  }
}

/** The error for a commit that was answered by nothing, with a way to ask again later. */
export function unknownCommit(lost: LostWork, cause: unknown): CommitOutcomeUnknownError {
  return new CommitOutcomeUnknownError(
    "the connection was lost while the transaction was being committed; whether it was is not known",
    { backend: lost.environment.backend.name, operation: "commit", cause },
    lost.evidence === undefined ? undefined : () => findFate(lost, { timeoutMs: longestSearchMs }),
  );
}

/** The error for a commit that has certainly not happened. */
export function rolledBackCommit(lost: LostWork, cause: unknown): ConnectionError {
  return new ConnectionError(
    "the connection was lost before the transaction was committed; nothing of it was stored",
    {
      backend: lost.environment.backend.name,
      operation: "commit",
      outcome: "rolled_back",
      cause,
    },
  );
}
