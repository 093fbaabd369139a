import type { Dialect } from "../../backend/index.ts";
import { ValidationError } from "../../errors/index.ts";
import { describe } from "../values/describe.ts";
import type { OrderBy, OrderDirection } from "./options.ts";

export interface OrderTerm {
  readonly field: string;
  readonly direction: OrderDirection;
}

const termPattern = /^\s*(?:\[([A-Za-z0-9_]+)\]|([A-Za-z0-9_]+))(?:\s+(asc|desc))?\s*$/i;

/** Reads an order: names and directions only, so that nothing of it can be SQL. Throws a `ValidationError`. */
export function parseOrderBy(orderBy: OrderBy, columns: ReadonlySet<string>, entity: string): OrderTerm[] {
  const terms = typeof orderBy === "string" ? orderBy.split(",") : orderBy;
  if (!Array.isArray(terms)) throw unusable(orderBy);
  return terms
    .flatMap((term) => readTerm(term))
    .map((term) => {
      if (columns.has(term.field)) return term;
      throw new ValidationError(`expected orderBy to name fields of "${entity}", got "${term.field}"`);
    });
}

function readTerm(term: unknown): OrderTerm[] {
  if (typeof term === "string") {
    const match = termPattern.exec(term);
    const field = match?.[1] ?? match?.[2];
    if (field === undefined) throw unusable(term);
    return [{ field, direction: match?.[3]?.toLowerCase() === "desc" ? "desc" : "asc" }];
  }
  if (typeof term !== "object" || term === null || !("field" in term) || typeof term.field !== "string") {
    throw unusable(term);
  }
  const direction = "direction" in term && term.direction !== undefined ? term.direction : "asc";
  if (direction !== "asc" && direction !== "desc") throw unusable(term);
  return [{ field: term.field, direction }];
}

function unusable(came: unknown): ValidationError {
  const shown = typeof came === "string" ? JSON.stringify(came.slice(0, 80)) : describe(came);
  return new ValidationError(
    `expected orderBy to be field names, each perhaps with ASC or DESC, such as "name, age DESC", got ${shown}`,
  );
}

export function orderByClause(terms: readonly OrderTerm[], dialect: Dialect): string {
  if (terms.length === 0) return "";
  return ` ORDER BY ${terms.map(({ field, direction }) => dialect.orderTerm(field, direction)).join(", ")}`;
}
