import { catalogue, DatabaseError, type ErrorFacts, type Outcome } from "../errors/index.ts";

/** What a driver's error is when its code or its message matches. */
export interface ErrorRule {
  /**
   * Tested against the error's `code`, where it is text, and then against its message. Its named groups become facts:
   * `message` (for text that certainly holds no values of the caller's), `table`, `column`.
   */
  readonly match: RegExp;
  readonly error: new (message: string, facts: ErrorFacts) => DatabaseError;
  /** Default: what the caller knows, else the class's own. State it where the class means a refusal before sending. */
  readonly outcome?: Outcome;
  /** Default: the group `message`, else what the catalogue says of the class. */
  readonly message?: string;
}

/**
 * Makes `Backend.toDatabaseError` of rules: the first that matches counts, and what matches none is a plain
 * `DatabaseError`. Messages are the rule's own and never the driver's, for those may quote values.
 */
export function errorClassifier(
  rules: readonly ErrorRule[],
): (error: unknown, facts: ErrorFacts) => DatabaseError {
  return (error, facts) => {
    if (error instanceof DatabaseError) return error;
    const text = error instanceof Error ? error.message : String(error);
    const driverCode = codeOf(error);
    const known: ErrorFacts = { cause: error, ...(driverCode === undefined ? {} : { driverCode }), ...facts };
    for (const rule of rules) {
      const found = (driverCode === undefined ? null : rule.match.exec(driverCode)) ?? rule.match.exec(text);
      if (found !== null) return makeError(rule, found.groups ?? {}, known);
    }
    return new DatabaseError(catalogue.STRATA_DATABASE.meaning, known);
  };
}

function makeError(
  { error: Class, outcome, message }: ErrorRule,
  groups: Readonly<Record<string, string | undefined>>,
  known: ErrorFacts,
): DatabaseError {
  const { table, column } = groups;
  const facts: ErrorFacts = {
    ...known,
    ...(outcome === undefined ? {} : { outcome }),
    ...(table === undefined ? {} : { table }),
    ...(column === undefined ? {} : { columns: [column] }),
  };
  return new Class(message ?? groups.message ?? meaningOf(Class.name), facts);
}

function meaningOf(className: string): string {
  const entry = Object.values(catalogue).find((each) => each.class === className);
  return (entry ?? catalogue.STRATA_DATABASE).meaning;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
