import { DatabaseError, type ErrorFacts } from "../../errors/index.ts";
import { brokenKey, changedTable } from "./constraint.ts";
import { errnoOf, errorNumber } from "./error-codes.ts";
import {
  connectionLost,
  loginNumbers,
  loginRefused,
  nothingKnown,
  type Rule,
  rulesByCode,
  rulesByNumber,
  rulesByWords,
  unlisted,
} from "./error-rules.ts";

/** Classifies anything thrown here. Total: what is not known becomes a plain `DatabaseError`. */
export function toDatabaseError(error: unknown, facts: ErrorFacts): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const driver = readError(error);
  const connecting = facts.operation === "connect";
  const rule = connecting && loginNumbers.has(driver.errno ?? 0) ? loginRefused : ruleFor(driver);
  const message = messageFor(driver, rule);
  return rule.make(rule.advice === undefined ? message : `${message}; ${rule.advice}`, {
    backend: "mysql",
    ...(driver.sqlState === undefined ? {} : { sqlState: driver.sqlState }),
    ...(driver.code === undefined ? {} : { driverCode: driver.code }),
    ...brokenConstraint(driver),
    ...facts,
    outcome: connecting ? "not_sent" : rule.outcome,
    cause: safeCause(driver, message),
  });
}

const thereAlready = new Set(["ER_TABLE_EXISTS_ERROR", "ER_DUP_FIELDNAME", "ER_DUP_KEYNAME"]);

/** Whether DDL failed because another one has already made the table, the column or the index. */
export function isAlreadyThere(error: DatabaseError): boolean {
  return error.driverCode !== undefined && thereAlready.has(error.driverCode);
}

interface DriverError {
  readonly name: string;
  readonly errno: number | undefined;
  readonly code: string | undefined;
  readonly sqlState: string | undefined;
  /** The server's words, which may quote values. */
  readonly words: string;
  readonly sql: string | undefined;
  readonly fatal: boolean;
  readonly table: string | undefined;
  readonly columns: readonly string[] | undefined;
}

function readError(error: unknown): DriverError {
  const source: Readonly<Record<string, unknown>> = error instanceof Error ? { ...error } : {};
  const text = (name: string) => (typeof source[name] === "string" ? source[name] : undefined);
  const part =
    error instanceof AggregateError ? error.errors.find((each) => each instanceof Error) : undefined;
  const ownWords = error instanceof Error ? error.message : `the driver threw ${typeof error}`;
  const { columns } = source;
  return {
    name: error instanceof Error ? error.name : "Error",
    errno: errnoOf(error),
    code: text("code") ?? (part === undefined ? undefined : readError(part).code),
    sqlState: errnoOf(error) === undefined ? undefined : text("sqlState"),
    words: text("sqlMessage") ?? (ownWords === "" && part !== undefined ? part.message : ownWords),
    sql: text("sql"),
    fatal: source.fatal === true,
    table: text("table"),
    columns: isTexts(columns) ? columns : undefined,
  };
}

function ruleFor({ errno, code, words, fatal }: DriverError): Rule {
  const byWords = rulesByWords.find(([pattern]) => pattern.test(words));
  if (errno !== undefined) return byWords?.[1] ?? rulesByNumber.get(errno) ?? unlisted;
  const byCode = code === undefined ? undefined : rulesByCode.find(([pattern]) => pattern.test(code));
  return byCode?.[1] ?? (fatal ? connectionLost : nothingKnown);
}

function messageFor({ errno, words, table, columns, sql }: DriverError, rule: Rule): string {
  if (errno === errorNumber.duplicateKey) {
    const broken = brokenKey(words, undefined);
    const where = table ?? broken?.table ?? (sql === undefined ? undefined : changedTable(sql));
    const what = columns === undefined ? `the key ${broken?.key ?? "of the table"}` : columns.join(", ");
    return `another row${where === undefined ? "" : ` of ${where}`} has the same value in ${what}`;
  }
  return rule.shown === true ? words : withoutValues(words);
}

/** From the first quote to the last: a value may hold quotes of its own. */
function withoutValues(words: string): string {
  return words.replace(/'.*'/s, "'…'").replace(/".*"/s, '"…"');
}

function brokenConstraint(driver: DriverError): Pick<ErrorFacts, "table" | "columns"> {
  const { errno, words, sql } = driver;
  const changed = sql === undefined ? undefined : changedTable(sql);
  switch (errno) {
    case errorNumber.duplicateKey:
      return known(driver.table ?? brokenKey(words, undefined)?.table ?? changed, driver.columns);
    case 1048:
    case 1263:
    case 1364: {
      const column = /^(?:Column|Field) '(.*?)'/.exec(words)?.[1];
      return known(changed, column === undefined ? undefined : [column]);
    }
    case 1451:
    case 1452: {
      const found = /\(`.*?`\.`(.*?)`, CONSTRAINT `.*?` FOREIGN KEY \((.*?)\) REFERENCES/.exec(words);
      return known(
        found?.[1],
        found?.[2]?.split(", ").map((column) => column.replaceAll("`", "")),
      );
    }
    case 4025:
      return known(/failed for `.*?`\.`(.*?)`/.exec(words)?.[1] ?? changed, undefined);
    case 3819:
      return known(changed, undefined);
    default:
      return {};
  }
}

function known(
  table: string | undefined,
  columns: readonly string[] | undefined,
): Pick<ErrorFacts, "table" | "columns"> {
  return { ...(table === undefined ? {} : { table }), ...(columns === undefined ? {} : { columns }) };
}

/** The driver's error again, without what may hold values: its message, its stack's first lines, `sql`. */
function safeCause({ name, errno, code, sqlState, fatal }: DriverError, message: string): Error {
  const cause = new Error(message);
  cause.stack = `${name}: ${message}`;
  return Object.assign(cause, { name, errno, code, sqlState, fatal });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((part) => typeof part === "string");
}
