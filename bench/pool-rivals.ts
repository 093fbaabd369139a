/** Other pools over a resource that costs nothing. Each is loaded only if it is installed. */
export interface Lend {
  /** Acquires and releases. */
  once(): Promise<void>;
  /** The same without a promise, where the pool can. */
  plain?(): void;
  end(): Promise<void>;
}

export interface Rival {
  readonly name: string;
  /** Answers undefined when the package is not installed. */
  make(size: number): Promise<Lend | undefined>;
}

interface Resource {
  readonly alive: boolean;
}

const make = (): Resource => ({ alive: true });

/** The parts of the rivals that are called here: their own types need not be installed. */
interface TarnPool {
  acquire(): { readonly promise: Promise<Resource> };
  release(resource: Resource): boolean;
  destroy(): Promise<unknown>;
}
interface TarnModule {
  readonly Pool: new (options: object) => TarnPool;
}
interface GenericPool {
  acquire(): Promise<Resource>;
  release(resource: Resource): Promise<void>;
  drain(): Promise<void>;
  clear(): Promise<void>;
}
interface GenericPoolModule {
  createPool(factory: object, options: object): GenericPool;
}
interface LightningPool {
  acquire(): Promise<Resource>;
  release(resource: Resource): unknown;
  releaseAsync?(resource: Resource): Promise<void>;
  close(): Promise<unknown>;
}
interface LightningPoolModule {
  createPool(factory: object, options: object): LightningPool;
}
interface PgClient {
  release(): void;
}
interface PgPool {
  connect(): Promise<PgClient>;
  end(): Promise<void>;
}
type PgPoolModule = new (options: object) => PgPool;

/** Stands for a client of `pg`, as far as `pg-pool` asks. */
class FakeClient {
  readonly _queryable = true;
  connect(done: (error?: Error) => void): void {
    done();
  }
  on(): void {}
  once(): void {}
  removeListener(): void {}
  end(done?: () => void): void {
    done?.();
  }
}

export const rivals: readonly Rival[] = [
  {
    name: "tarn",
    async make(size) {
      const module = await load<TarnModule>("tarn");
      if (module === undefined) return undefined;
      const pool = new module.Pool({ create: make, destroy() {}, validate: isAlive, min: 0, max: size });
      return {
        async once() {
          pool.release(await pool.acquire().promise);
        },
        end: async () => void (await pool.destroy()),
      };
    },
  },
  {
    name: "generic-pool",
    async make(size) {
      const module = await load<GenericPoolModule>("generic-pool");
      if (module === undefined) return undefined;
      const pool = module.createPool(
        { create: async () => make(), async destroy() {} },
        { min: 0, max: size },
      );
      return {
        async once() {
          await pool.release(await pool.acquire());
        },
        end: () => pool.drain().then(() => pool.clear()),
      };
    },
  },
  {
    name: "lightning-pool",
    async make(size) {
      const module = await load<LightningPoolModule>("lightning-pool");
      if (module === undefined) return undefined;
      const factory = {
        create: async () => make(),
        async destroy() {},
        async reset() {},
        async validate() {},
      };
      const pool = module.createPool(factory, { min: 0, max: size });
      return {
        async once() {
          const resource = await pool.acquire();
          if (pool.releaseAsync === undefined) pool.release(resource);
          else await pool.releaseAsync(resource);
        },
        end: async () => void (await pool.close()),
      };
    },
  },
  {
    name: "pg-pool",
    async make(size) {
      const Pool = await load<PgPoolModule>("pg-pool");
      if (Pool === undefined) return undefined;
      const pool = new Pool({ Client: FakeClient, max: size });
      return {
        async once() {
          const client = await pool.connect();
          client.release();
        },
        end: () => pool.end(),
      };
    },
  },
];

function isAlive(resource: Resource): boolean {
  return resource.alive;
}

/** A CommonJS module's exports, or an ES module's own. */
async function load<Module extends object>(name: string): Promise<Module | undefined> {
  try {
    const module = await import(name);
    return module.default ?? module;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
