import type { Dialect } from "../../backend/index.ts";
import type { Params } from "../../connection/connection-core.ts";
import { ValidationError } from "../../errors/index.ts";
import { translate } from "../../sql/index.ts";
import { describe } from "../values/describe.ts";
import type { FilterOptions, FindOptions } from "./options.ts";
import { type OrderTerm, orderByClause, parseOrderBy } from "./order-by.ts";

/** A condition and the values for it. */
export interface Filter {
  /** ` WHERE …`, or nothing. */
  readonly clause: string;
  readonly params: Params | undefined;
}

/**
 * The condition of a search: the caller's own in parentheses, beside the one that hides deleted records. A condition
 * that could reach beyond its parentheses is refused.
 */
export function makeFilter(
  options: FilterOptions | undefined,
  dialect: Dialect,
  fixed: readonly string[] = [],
): Filter {
  const conditions = [...fixed];
  if (options?.includeDeleted !== true) conditions.push("[deleted_at] IS NULL");
  if (options?.where === undefined) {
    if (options?.params !== undefined && Object.keys(options.params).length > 0) {
      throw new ValidationError("expected params only together with where, got params without a condition");
    }
    return { clause: whereClause(conditions), params: undefined };
  }
  checkCondition(options.where, dialect);
  // The line break ends a comment that the condition may close with.
  conditions.push(`(${options.where}\n)`);
  return { clause: whereClause(conditions), params: options.params };
}

function whereClause(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
}

function checkCondition(where: unknown, dialect: Dialect): void {
  if (typeof where !== "string" || where.trim() === "") {
    throw new ValidationError(
      `expected where to be a condition in SQL, such as "[age] > ?", got ${describe(where)}`,
    );
  }
  const { balanced, multiple, openComment } = translate(where, dialect.syntax);
  if (balanced && !multiple && !openComment) return;
  throw new ValidationError(
    "expected where to be one condition with balanced parentheses, quotes and comments, got one that reaches beyond itself",
  );
}

/** ORDER BY, LIMIT and OFFSET of a search. A page is always in a certain order, so that pages fit together. */
export function makePage(
  options: FindOptions | undefined,
  dialect: Dialect,
  columns: ReadonlySet<string>,
  entity: string,
): string {
  const limit = checkCount(options?.limit, "limit");
  const offset = checkCount(options?.offset, "offset");
  const paged = limit !== undefined || offset !== undefined;
  const terms: OrderTerm[] =
    options?.orderBy === undefined ? [] : parseOrderBy(options.orderBy, columns, entity);
  if ((paged || terms.length > 0) && !terms.some(({ field }) => field === "id")) {
    terms.push({ field: "id", direction: "asc" });
  }
  return orderByClause(terms, dialect) + (paged ? dialect.limit(limit, offset) : "");
}

function checkCount(count: unknown, name: string): number | undefined {
  if (count === undefined) return undefined;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  const came = typeof count === "number" ? String(count) : describe(count);
  throw new ValidationError(`expected ${name} to be a whole number from 0, got ${came}`);
}
