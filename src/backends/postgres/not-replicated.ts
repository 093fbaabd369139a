import { CommitOutcomeUnknownError } from "../../errors/index.ts";
import type { PgNotice } from "./pg.ts";

/**
 * Whether the server has stopped waiting for its synchronous standby, as it does when a COMMIT is cancelled: it then
 * answers with success, and only this warning says that the standby may have nothing. A warning of a trigger has the
 * same SQLSTATE, 01000, so the function that raised it has to tell.
 */
export function isNotReplicated({ routine }: PgNotice): boolean {
  return routine === "SyncRepWaitForLSN";
}

/** Neither done nor undone: the work is stored here, and gone if the standby that was waited for takes over. */
export function notReplicated({ message, detail, code }: PgNotice): CommitOutcomeUnknownError {
  const words = [message, detail].filter((text) => text !== undefined).join(". ");
  return new CommitOutcomeUnknownError(
    `the work is stored on the server that answered, and perhaps on no other (${words}); see whether the synchronous standby is there, and whether the data is, before doing it again`,
    { backend: "postgres", outcome: "unknown", ...(code === undefined ? {} : { sqlState: code }) },
  );
}
