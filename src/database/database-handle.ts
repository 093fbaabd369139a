import { availableParallelism } from "node:os";
import type { DatabaseConfig } from "../config/index.ts";
import { Call, type CallOptions, type ConnectionEnvironment } from "../connection/index.ts";
import type { EntityStore, Serializer } from "../entity/index.ts";
import { UnsupportedError, ValidationError } from "../errors/index.ts";
import { type Answer, type AnySchema, type Face, Queries, type Repeatable } from "../face/index.ts";
import type { DatabaseEvents } from "../observe/events.ts";
import { type SizingOptions, type SuggestedSize, suggestPoolSize } from "../pool/index.ts";
import type { SharedDatabase } from "./shared-database.ts";

/** What the handles of both faces on one configured database have in common. */
export abstract class DatabaseHandle<
  F extends Face,
  S extends object = AnySchema,
  D extends boolean = false,
> extends Queries<F, S, D> {
  /** @internal */
  protected readonly shared: SharedDatabase;
  /** @internal */
  protected readonly environment: ConnectionEnvironment;
  /** @internal */
  protected readonly store: EntityStore;

  constructor(shared: SharedDatabase, environment: ConnectionEnvironment) {
    super();
    this.shared = shared;
    this.environment = environment;
    this.store = shared.store;
  }

  get config(): DatabaseConfig {
    return this.shared.config;
  }

  /** The configuration's hash, by which databases share connections. */
  get hash(): string {
    return this.config.hash;
  }

  /** Name of the backend. */
  get backend(): string {
    return this.shared.backend.name;
  }

  /**
   * How a type of your own is stored as text, and made of it again. With two functions, `typeName` is the name of the
   * values' constructor; where a bundler may change that name, give an object with `is` or `class`. Throws a
   * `ValidationError` for a bad name, or a built-in one.
   */
  registerSerializer<T>(typeName: string, serializer: Serializer<T>): void;
  registerSerializer<T>(
    typeName: string,
    serialize: (value: T) => string,
    deserialize: (text: string) => T,
  ): void;
  registerSerializer<T>(
    typeName: string,
    how: Serializer<T> | ((value: T) => string),
    deserialize?: (text: string) => T,
  ): void {
    const { serializers } = this.store;
    if (typeof how !== "function") serializers.register(typeName, how);
    else if (typeof deserialize === "function") serializers.register(typeName, how, deserialize);
    else
      throw new ValidationError(
        `expected two functions for the type "${typeName}", got one; say how text becomes a value`,
      );
  }

  /** Calls `listener` at each event; answers a function that ends it. Handles that share a pool share their events. */
  on<Name extends keyof DatabaseEvents>(
    name: Name,
    listener: (payload: DatabaseEvents[Name]) => void,
  ): () => void {
    return this.shared.events.on(name, listener);
  }

  /**
   * Asks the server how many connections it accepts, and answers the pool's size that goes with it: see
   * `suggestPoolSize`. Throws an `UnsupportedError` for a database without a server, and a `ConfigurationError` where the
   * server has too few connections for so many processes.
   */
  recommendPoolSize(options: SizingOptions & CallOptions = {}): Answer<F, SuggestedSize> {
    const { cores = availableParallelism(), processes = 1, ...callOptions } = options;
    const { backend } = this.shared;
    return this.run(
      "recommendPoolSize",
      callOptions,
      function* (core, call) {
        const { connectionLimit } = backend.dialect;
        if (connectionLimit === undefined) {
          throw new UnsupportedError(
            `${backend.name} has no server that limits connections, so nothing follows for the pool's size`,
          );
        }
        const [row] = yield* core.execute(connectionLimit.sql, connectionLimit.params, call);
        return suggestPoolSize({ cores, processes, serverMaxConnections: Number(row?.[0]) });
      },
      true,
    );
  }

  /** @internal */
  protected call(operation: string, options: CallOptions | undefined): Call {
    const { clock, queryTimeoutMs } = this.environment;
    return Call.from(operation, clock, options, queryTimeoutMs);
  }

  /** Whether a call that failed may run once more, because it only reads. @internal */
  protected onlyReads(repeatable: Repeatable | undefined): boolean {
    if (typeof repeatable !== "string") return repeatable === true;
    return this.environment.translator.translate(repeatable).readOnly;
  }
}
