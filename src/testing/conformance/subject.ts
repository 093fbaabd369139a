import type { Backend, Capabilities } from "../../backend/index.ts";
import type { Database } from "../../database/database.ts";
import type { SyncDatabase } from "../../database/sync-database.ts";
import type { Face } from "../../face/index.ts";
import { vouchSchema } from "../../face/vouch.ts";
import type { Awaitable } from "../../operation/index.ts";
import type { DatabaseUnderTest } from "./run.ts";

/** A backend that the suite is to be run against. */
export interface ConformanceSubject {
  /** Shown in the names of the tests. Default: the backend's name. */
  readonly name?: string;
  readonly backend: Backend;
  /** Default: `async`, and `sync` too when the backend has `connectSync`. */
  readonly faces?: readonly Face[];
  /** Those of the database that `prepare` makes, where they are not the backend's own. */
  readonly capabilities?: Partial<Capabilities>;
  /** Makes an empty database, once for each face. */
  prepare(face: Face): Awaitable<PreparedDatabase>;
}

/** An empty database and the way to it. */
export interface PreparedDatabase {
  /**
   * Opens a handle on it: `DatabaseManager.connect` for `async`, `connectSync` for `sync`, with `options` among those
   * of the connection. Called several times; the suite closes what was opened.
   */
  open(face: Face, options: Readonly<Record<string, unknown>>): Database | SyncDatabase;
  /** Removes the database, after the last case. */
  dispose?(): Awaitable<void>;
}

export function facesOf({ backend, faces }: ConformanceSubject): readonly Face[] {
  return faces ?? (backend.connectSync === undefined ? ["async"] : ["async", "sync"]);
}

export function nameOf({ backend, name }: ConformanceSubject, face: Face): string {
  return `${name ?? backend.name}/${face}`;
}

export function capabilitiesOf({ backend, capabilities }: ConformanceSubject): Capabilities {
  return { ...backend.capabilities, ...capabilities };
}

/** A prepared database for one case, which closes the handles that the case has opened. */
export function underTest(
  prepared: PreparedDatabase,
  face: Face,
  capabilities: Capabilities,
): DatabaseUnderTest {
  const opened: (Database | SyncDatabase)[] = [];
  return {
    face,
    capabilities,
    open(options) {
      const handle = prepared.open(face, options);
      opened.push(handle);
      return vouchSchema<Face>(handle);
    },
    async close() {
      for (const handle of opened) await handle.close();
    },
  };
}
