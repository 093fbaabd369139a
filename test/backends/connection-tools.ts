import { inject } from "vitest";
import type {
  Backend,
  CallLimits,
  ConnectTarget,
  DriverConnection,
  NativeStatement,
} from "../../src/backend/index.ts";
import type { DatabaseError } from "../../src/errors/index.ts";
import { isPromiseLike } from "../../src/operation/index.ts";

export const limits: CallLimits = { timeoutMs: 10_000 };

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

/** Waits until `condition` holds, for at most five seconds. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const limit = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Kind<C extends DriverConnection> {
  readonly name: "postgres" | "mysql";
  readonly backend: Backend;
  readonly connect: (target: ConnectTarget) => Promise<C>;
  /** Whether a statement is sent as one that only reads. */
  readonly isReadOnly: (text: string) => boolean;
}

/** Shorthands for the tests of one backend's connections. */
export function connectionTools<C extends DriverConnection>({ name, backend, connect, isReadOnly }: Kind<C>) {
  const provided = inject(name);

  const statement = (text: string, reusable = false): NativeStatement => ({
    text,
    readOnly: isReadOnly(text),
    reusable,
  });

  const bound = (values: readonly unknown[]): unknown[] =>
    values.map((value) => backend.dialect.bindValue(value));

  /** Binds and runs a statement, and answers its rows. */
  const rows = async (
    connection: C,
    text: string,
    values: readonly unknown[] = [],
    reusable = false,
  ): Promise<unknown[][]> =>
    (await connection.execute(statement(text, reusable), bound(values), limits)).rows;

  return {
    /** The shared server, and why the tests are skipped where there is none. */
    provided,
    missing: "reason" in provided,
    sharedServer: (): { backend: "postgres" | "mysql"; url: string } => {
      if ("reason" in provided) throw new Error(provided.reason);
      return provided;
    },
    open: (url: string, more: Partial<ConnectTarget> = {}): Promise<C> => connect(targetOf(url, more)),
    statement,
    bound,
    rows,
    value: async (...call: Parameters<typeof rows>): Promise<unknown> => (await rows(...call))[0]?.[0],
    /** The error by which a call fails, classified. */
    failure: async (call: unknown, operation = "execute"): Promise<DatabaseError> => {
      try {
        if (isPromiseLike(call)) await call;
      } catch (error) {
        return backend.toDatabaseError(error, { operation, cause: error });
      }
      throw new Error("expected the call to fail");
    },
  };
}

export type ConnectionTools<C extends DriverConnection> = ReturnType<typeof connectionTools<C>>;
