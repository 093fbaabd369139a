import { inject } from "vitest";
import type { CallLimits, ConnectTarget, NativeStatement } from "../../src/backend/index.ts";
import { connect } from "../../src/backends/postgres/connect.ts";
import type { PostgresConnection } from "../../src/backends/postgres/driver.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import type { DatabaseError } from "../../src/errors/index.ts";
import { isPromiseLike } from "../../src/operation/index.ts";

export const limits: CallLimits = { timeoutMs: 10_000 };

/** The shared server, and why the tests are skipped where there is none. */
export const provided = inject("postgres");
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

export function open(url: string, more: Partial<ConnectTarget> = {}): Promise<PostgresConnection> {
  return connect(targetOf(url, more));
}

export function statement(text: string, reusable = false): NativeStatement {
  return { text, readOnly: false, reusable };
}

/** Binds and runs a statement, and answers its rows. */
export async function rows(
  connection: PostgresConnection,
  text: string,
  values: readonly unknown[] = [],
  reusable = false,
): Promise<unknown[][]> {
  const bound = values.map((value) => postgresBackend.dialect.bindValue(value));
  return (await connection.execute(statement(text, reusable), bound)).rows;
}

export async function value(
  connection: PostgresConnection,
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
    return postgresBackend.toDatabaseError(error, { operation });
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
