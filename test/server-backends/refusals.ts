import { afterAll, beforeAll } from "vitest";
import { type Database, DatabaseError } from "../../src/index.ts";
import type { Place } from "./database.ts";

/** A database of which can be seen what reached the server. */
export interface Watched {
  readonly db: Database;
  /** The statements that have been sent since the last call of `refusal`. */
  readonly sent: readonly string[];
  /** The error by which a call is refused. */
  refusal(call: () => Promise<unknown>): Promise<DatabaseError>;
}

/** Opens a database of one connection, on which what follows a refusal goes on. */
export function watch(place: Place): Watched {
  let opened: Database | undefined;
  const sent: string[] = [];
  beforeAll(() => {
    opened = place.open({ pool: { maxSize: 1 } });
    opened.on("query", ({ sql, error }) => {
      if (!(error instanceof DatabaseError && error.outcome === "not_sent")) sent.push(sql);
    });
  });
  afterAll(() => opened?.close());
  return {
    get db() {
      if (opened === undefined) throw new Error("the database is opened when the cases begin");
      return opened;
    },
    sent,
    refusal: async (call) => {
      sent.length = 0;
      const error: unknown = await call().catch((failure: unknown) => failure);
      if (error instanceof DatabaseError) return error;
      throw new Error(`expected a refusal, got ${String(error)}`);
    },
  };
}
