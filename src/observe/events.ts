/** What a database tells its listeners. Payloads hold no bound values and no passwords. */
export interface DatabaseEvents {
  /** A statement has ended, well or not. */
  query: QueryEvent;
  /** A connection was given back with its transaction still open. The transaction has been rolled back. */
  transactionAbandoned: { readonly database: string };
  /** The circuit breaker has opened, lets trial calls through, or has closed again. */
  circuitChanged: { readonly database: string; readonly from: CircuitName; readonly to: CircuitName };
  /** A table was made or changed by the entity store. */
  schemaChanged: {
    readonly entity: string;
    readonly added: readonly string[];
    readonly retyped: readonly string[];
  };
}

/** States of a circuit breaker. */
export type CircuitName = "closed" | "open" | "half_open";

/** One statement that was sent, on its end. */
export interface QueryEvent {
  /** Alias of the database. */
  readonly database: string;
  /** Name of the backend. */
  readonly backend: string;
  /** The statement in the backend's own SQL, without values. */
  readonly sql: string;
  /** What the caller called: `execute`, `saveEntity`. */
  readonly operation: string;
  /** From sending to the whole answer; waiting for a connection is not part of it. */
  readonly durationMs: number;
  /** Rows answered or changed; undefined when the statement failed. */
  readonly rowCount: number | undefined;
  readonly error: Error | undefined;
  /** Those of the call and of the context around it. */
  readonly tags: Readonly<Record<string, unknown>> | undefined;
}
