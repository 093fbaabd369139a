import { inject } from "vitest";
import type { CallLimits, ConnectTarget, NativeStatement } from "../../src/backend/index.ts";
import { connect } from "../../src/backends/mysql/connect.ts";
import type { MysqlConnection } from "../../src/backends/mysql/driver.ts";
import { mysqlBackend } from "../../src/backends/mysql/index.ts";
import type { DatabaseError } from "../../src/errors/index.ts";
import { isPromiseLike } from "../../src/operation/index.ts";

export const limits: CallLimits = { timeoutMs: 10_000 };

/** The shared server, and why the tests are skipped where there is none. */
export const provided = inject("mysql");
export const missing = "reason" in provided;

export function sharedServer(): { backend: "postgres" | "mysql"; url: string } {
  if ("reason" in provided) throw new Error(provided.reason);
  return provided;
}

export function targetOf(url: string, more: Partial<ConnectTarget> = {}): ConnectTarget {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: () => decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    alias: "strata tests",
    connectTimeoutMs: 5_000,
    options: {},
    ...more,
  };
}

export function open(url: string, more: Partial<ConnectTarget> = {}): Promise<MysqlConnection> {
  return connect(targetOf(url, more));
}

export function statement(text: string, reusable = false): NativeStatement {
  return { text, readOnly: /^\s*select/i.test(text), reusable };
}

export function bound(values: readonly unknown[]): unknown[] {
  return values.map((value) => mysqlBackend.dialect.bindValue(value));
}

/** Binds and runs a statement, and answers its rows. */
export async function rows(
  connection: MysqlConnection,
  text: string,
  values: readonly unknown[] = [],
  reusable = false,
): Promise<unknown[][]> {
  return (await connection.execute(statement(text, reusable), bound(values))).rows;
}

export async function value(
  connection: MysqlConnection,
  text: string,
  values: readonly unknown[] = [],
  reusable = false,
): Promise<unknown> {
  return (await rows(connection, text, values, reusable))[0]?.[0];
}

/** The error by which a call fails, classified. */
export async function failure(call: unknown, operation = "execute"): Promise<DatabaseError> {
  try {
    if (isPromiseLike(call)) await call;
  } catch (error) {
    return mysqlBackend.toDatabaseError(error, { operation, cause: error });
  }
  throw new Error("expected the call to fail");
}

/** Waits until `condition` holds, for at most five seconds. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const limit = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
