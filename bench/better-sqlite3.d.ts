/** The part of the driver that the benchmarks use directly. */
declare module "better-sqlite3" {
  interface Statement {
    get(...values: unknown[]): unknown;
    all(...values: unknown[]): unknown[];
    run(...values: unknown[]): unknown;
    raw(on: boolean): Statement;
  }
  export default class Driver {
    constructor(file: string, options?: { readonly?: boolean });
    prepare(sql: string): Statement;
    exec(sql: string): void;
    pragma(sql: string): unknown;
    transaction<T extends (...args: never[]) => unknown>(fn: T): T & { immediate: T };
    close(): void;
  }
}
