/**
 * What a statement may leave behind in the session, for the next one who uses the connection.
 *
 * Cleaning up costs a round trip, so it is done only after statements that can leave something: told by their
 * command tag (SET, LISTEN, DECLARE CURSOR, …) or by a function or kind of table that they name. What a function of
 * the database does inside itself is not seen; neither is what is done through the driver's own connection, so
 * whoever asks for `raw` makes the session unclean.
 */
export type Trace = "nothing" | "settings" | "statements";

const settingTags = /^(?:SET|RESET|LISTEN|DECLARE|LOAD|DO|CALL)\b/;
const statementTags = /^(?:PREPARE|DEALLOCATE|DISCARD)\b/;
const telltale = /\bset_config\b|\bpg_(?:try_)?advisory_lock|\bpg_temp\b|\btemp(?:orary)?\b/i;
const ordinaryTags = /^(?:SELECT|INSERT|UPDATE|DELETE) /;

/** What a statement with this text and this command tag may have left behind. */
export function traceOf(text: string, tag: string): Trace {
  if (statementTags.test(tag)) return "statements";
  if (!ordinaryTags.test(tag) && settingTags.test(tag)) return "settings";
  return telltale.test(text) ? "settings" : "nothing";
}

/** Whether the server has forgotten our prepared statements with this command. */
export function forgetsStatements(tag: string): boolean {
  return tag === "DEALLOCATE ALL" || tag === "DISCARD ALL";
}

/**
 * DISCARD ALL without its DEALLOCATE ALL and DISCARD PLANS, since prepared statements are worth keeping
 * (https://www.postgresql.org/docs/current/sql-discard.html).
 */
export const cleanSession =
  "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; UNLISTEN *; " +
  "SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/** The settings that reading and the lexer rely on, where the server reports others. */
export function neededSettings(reported: ReadonlyMap<string, string>): string {
  const settings: string[] = [];
  const dateStyle = reported.get("DateStyle");
  if (dateStyle !== undefined && !dateStyle.startsWith("ISO")) settings.push("SET DateStyle = 'ISO'");
  if (reported.get("standard_conforming_strings") === "off")
    settings.push("SET standard_conforming_strings = on");
  return settings.join("; ");
}
