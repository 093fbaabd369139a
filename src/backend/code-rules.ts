import type { DatabaseError, ErrorFacts, Outcome } from "../errors/index.ts";

/** Makes an error of the library. */
export type MakeError = (message: string, facts: ErrorFacts) => DatabaseError;

/** What one code of a database means. */
export interface CodeRule {
  readonly make: MakeError;
  /** Default `rejected`: databases undo a statement that fails. */
  readonly outcome?: Outcome;
  /** What to do, where the database's words do not say it. */
  readonly advice?: string;
}

/** The maker of a class's errors. */
export function anError(Class: new (message: string, facts: ErrorFacts) => DatabaseError): MakeError {
  return (message, facts) => new Class(message, facts);
}
