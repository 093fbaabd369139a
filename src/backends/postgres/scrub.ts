/**
 * Takes values out of what the server and the driver say, before an error of theirs becomes the cause of ours:
 * errors are logged, and rows are nobody's business there. Names of tables, columns and constraints stay.
 */

/** The parts of the server's report that an error is classified by; undefined where it does not say. */
export interface ServerReport {
  readonly sqlState: string | undefined;
  /** ERROR, or FATAL and PANIC, which end the session. */
  readonly fatal: boolean;
  readonly message: string;
  readonly position: string | undefined;
  readonly table: string | undefined;
  readonly constraint: string | undefined;
  readonly columns: readonly string[] | undefined;
  /** The function of the server that raised it: unlike the message it is never translated. */
  readonly routine: string | undefined;
}

/** Data exceptions quote the value that they are about; other classes quote names. */
const quotesValues = /^22/;

/** Reads what the server reported, and removes from the error what may hold values. */
export function readReport(error: Error): ServerReport {
  const sqlState = textOf(error, "code");
  const detail = textOf(error, "detail");
  const column = textOf(error, "column");
  const severity = textOf(error, "severity");
  scrub(error, sqlState);
  return {
    sqlState,
    fatal: severity !== undefined && /^(?:FATAL|PANIC)$/.test(severity),
    message: error.message,
    position: textOf(error, "position"),
    table: textOf(error, "table"),
    constraint: textOf(error, "constraint"),
    columns: column !== undefined ? [column] : columnsOfDetail(detail),
    routine: textOf(error, "routine"),
  };
}

/** Whether the server raised it, and not the driver or the network. */
export function isServerError(error: unknown): error is Error {
  return error instanceof Error && "severity" in error && typeof error.severity === "string";
}

/**
 * The columns out of `Key (email, tenant)=(a@b, 7) already exists.`, in whatever language. A column may be an
 * expression: `lower(email)`.
 */
export function columnsOfDetail(detail: string | undefined): readonly string[] | undefined {
  const list = /\((.+?)\)=\(/s.exec(detail ?? "")?.[1];
  if (list === undefined) return undefined;
  const columns: string[] = [];
  let depth = 0;
  let quoted = false;
  let current = "";
  for (const char of list) {
    if (char === '"') quoted = !quoted;
    if (!quoted && char === "(") depth++;
    if (!quoted && char === ")") depth--;
    if (char === "," && depth === 0 && !quoted) {
      columns.push(unquote(current));
      current = "";
    } else {
      current += char;
    }
  }
  columns.push(unquote(current));
  return columns;
}

function unquote(name: string): string {
  const trimmed = name.trim();
  return /^".*"$/s.test(trimmed) ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
}

function scrub(error: Error, sqlState: string | undefined): void {
  for (const name of ["detail", "where", "internalQuery", "internalPosition"])
    Reflect.deleteProperty(error, name);
  if (sqlState === undefined || !quotesValues.test(sqlState)) return;
  const clean = withoutQuoted(error.message);
  const stack = error.stack?.replace(error.message, () => clean);
  error.message = clean;
  if (stack !== undefined)
    Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
}

/** Cuts what stands in quotes, from the first to the last of them, in the quotes of the server's languages. */
export function withoutQuoted(message: string): string {
  return message.replace(/["'“”„«»「」].*["'“”„«»「」]/s, '"…"');
}

function textOf(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}
