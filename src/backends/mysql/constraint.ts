import type { MariadbConnection } from "./mariadb.ts";
import type { ServerFacts } from "./server-facts.ts";
import { toResult } from "./types.ts";

const spaces = String.raw`(?:\s|/\*.*?\*/)`;
const name = "(?:`((?:[^`]|``)+)`|([\\w$]+))";
const target = new RegExp(
  `^${spaces}*(?:` +
    `(?:insert|replace)${spaces}+(?:(?:low_priority|delayed|high_priority|ignore)${spaces}+)*(?:into${spaces}+)?` +
    `|update${spaces}+(?:(?:low_priority|ignore)${spaces}+)*` +
    `|delete${spaces}+(?:(?:low_priority|quick|ignore)${spaces}+)*from${spaces}+` +
    `)(?!(?:into|from|ignore|quick|delayed|low_priority|high_priority)\\b)${name}(?!\`|[\\w$]|${spaces}*[.,])`,
  "is",
);

/** The table that a statement changes, if its text names just one. */
export function changedTable(text: string): string | undefined {
  const found = target.exec(text);
  return found?.[1]?.replaceAll("``", "`") ?? found?.[2];
}

export interface BrokenKey {
  readonly key: string;
  readonly table: string | undefined;
}

/**
 * Key and table out of `Duplicate entry '…' for key '…'`. The value comes first and may hold anything, so the key is
 * looked for from the end. MySQL puts the table before it since 8.0.19.
 */
export function brokenKey(
  message: string,
  flavour: ServerFacts["flavour"] | undefined,
): BrokenKey | undefined {
  const key = /.*for key '(.*)'$/s.exec(message)?.[1];
  if (key === undefined) return undefined;
  const dot = flavour === "mariadb" ? -1 : key.indexOf(".");
  return dot === -1 ? { key, table: undefined } : { key: key.slice(dot + 1), table: key.slice(0, dot) };
}

const uniqueKeys =
  "SELECT table_name, column_name FROM information_schema.statistics " +
  "WHERE table_schema = DATABASE() AND index_name = ? AND non_unique = 0 " +
  "AND column_name IS NOT NULL AND column_name <> '_strata_live' ORDER BY table_name, seq_in_index";

/**
 * Adds `table` and `columns` to the error of a duplicate key, which names only the key. Costs a round trip, and only
 * when a key was violated. Nothing is added when more than one of the tables that `texts` change has such a key.
 */
export async function addKeyColumns(
  error: object,
  texts: readonly string[],
  connection: MariadbConnection,
  { flavour }: ServerFacts,
): Promise<void> {
  const message = "sqlMessage" in error ? String(error.sqlMessage) : "";
  const broken = brokenKey(message, flavour);
  if (broken === undefined) return;
  const changed =
    broken.table === undefined ? texts.flatMap((text) => changedTable(text) ?? []) : [broken.table];
  const { rows } = toResult(await connection.execute(uniqueKeys, [broken.key]));
  const found = changed.length === 0 ? rows : rows.filter(([table]) => changed.includes(String(table)));
  const tables = new Set(found.map(([table]) => table));
  if (tables.size !== 1) return;
  Object.assign(error, { table: String([...tables][0]), columns: found.map(([, column]) => String(column)) });
}
