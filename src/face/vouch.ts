import type { RowObject } from "../connection/index.ts";
import type { Operation } from "../operation/index.ts";
import type { Answer, Face, Stream } from "./answer.ts";
import type { Queries } from "./queries.ts";

/**
 * Which TypeScript types stand for an entity's records and a statement's rows only the caller knows. Here, and
 * nowhere else, the caller is believed.
 */
export function vouch<T>(operation: Operation<unknown>): Operation<T> {
  return operation as Operation<T>;
}

export function vouchRows<F extends Face, T>(rows: Stream<F, RowObject>): Stream<F, T> {
  return rows as Stream<F, T>;
}

/** Queries whose entities may have any name and any fields. */
export function vouchSchema<F extends Face>(queries: unknown): Queries<F> {
  return queries as Queries<F>;
}

/** An answer whose records are of the type that the caller gave the entity. */
export function vouchAnswer<F extends Face, T>(answer: unknown): Answer<F, T> {
  return answer as Answer<F, T>;
}
