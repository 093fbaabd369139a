import type { Flavour } from "./server-facts.ts";

/** The one collation of each flavour that tells apart case, accents and trailing blanks. */
export const exactCollation: Readonly<Record<Flavour, string>> = {
  mariadb: "utf8mb4_nopad_bin",
  mysql: "utf8mb4_0900_bin",
};

const strictModes = [
  "STRICT_TRANS_TABLES",
  "STRICT_ALL_TABLES",
  "NO_ZERO_IN_DATE",
  "NO_ZERO_DATE",
  "ERROR_FOR_DIVISION_BY_ZERO",
  "NO_ENGINE_SUBSTITUTION",
];

/**
 * Seconds that a statement waits for a table that somebody changes, or, if it is DDL itself, for others to leave the
 * table; whoever comes behind it then has to wait as long.
 */
export const metadataLockSeconds = 5;

/**
 * Brings a session into the state that everything else relies on, whatever the server's defaults: utf8mb4 compared
 * exactly, times in UTC, strict values, and text that the lexer reads as the server does (neither ANSI_QUOTES nor
 * NO_BACKSLASH_ESCAPES).
 */
export function sessionSetup(flavour: Flavour): string {
  // MySQL has ONLY_FULL_GROUP_BY by default; MariaDB's is too strict to be a default.
  const modes = flavour === "mysql" ? [...strictModes, "ONLY_FULL_GROUP_BY"] : strictModes;
  return [
    `SET NAMES utf8mb4 COLLATE ${exactCollation[flavour]}`,
    "time_zone = '+00:00'",
    `sql_mode = '${modes.join(",")}'`,
    "autocommit = 1",
    `lock_wait_timeout = ${metadataLockSeconds}`,
    // As PostgreSQL has it by default. With the server's own, repeatable read, a transaction would not see that
    // another has made a table larger since it began, and would wait for gaps that it does not want to fill.
    `${flavour === "mysql" ? "transaction_isolation" : "tx_isolation"} = 'READ-COMMITTED'`,
  ].join(", ");
}

/** What a statement may do besides its work, as far as its text tells. */
export interface Effect {
  /** Whether it may leave something in the session: a setting, a lock, a variable, a temporary table. */
  readonly leavesTraces: boolean;
  /** Whether it may begin or end a transaction even when it fails. */
  readonly movesTransaction: boolean;
  /** Whether it chooses another default database, to which prepared statements do not belong. */
  readonly changesDatabase: boolean;
}

const first = /^(?:[\s(]|\/\*.*?\*\/|#[^\n]*(?:\n|$)|--\s[^\n]*(?:\n|$))*([a-z]+)/is;
const dml = /^(?:select|insert|update|delete|replace|with|values|table|show|explain|describe|desc)$/i;
const harmless =
  /^(?:analyze|create|alter|drop|truncate|rename|start|begin|commit|rollback|savepoint|release|do)$/i;
// Variables, named locks, temporary tables. An address in a literal is met too, which costs a needless reset.
const telltale = /@|\bget_lock\b|\btemporary\b/i;

const committing =
  /^(?:alter|create|drop|rename|truncate|optimize|repair|check|cache|flush|reset|grant|revoke|install|uninstall|lock|change)$/i;
const committingPhrase =
  /^(?:analyze\s+(?:no_write_to_binlog\s+|local\s+)?table|begin(?!\s+not\b)|start\s|load\s+index|set\s+password)\b/i;
const temporary = /^(?:create(?:\s+or\s+replace)?|drop)\s+temporary\b/i;

/** Whether a statement commits the open transaction by itself: https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/ */
export function commitsTransaction(text: string): boolean {
  const found = first.exec(text);
  if (found === null) return false;
  const [all, word = ""] = found;
  const statement = text.slice(all.length - word.length);
  return (committing.test(word) && !temporary.test(statement)) || committingPhrase.test(statement);
}

export function effectOf(text: string): Effect {
  const word = first.exec(text)?.[1] ?? "";
  const movesTransaction = !dml.test(word);
  return {
    leavesTraces: (movesTransaction && !harmless.test(word)) || telltale.test(text),
    movesTransaction,
    changesDatabase: /^use$/i.test(word),
  };
}
