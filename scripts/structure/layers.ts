/**
 * Who may import whom under `src/`. `check-structure.ts` holds every import to this page.
 *
 * An area is a folder of `src/`, a folder of `src/backends` or `src/integrations` (`backends/sqlite`), or
 * `root` for the files directly in `src/`. The files of one area may always import each other.
 */
export interface Area {
  /** Its name; `backends/*` stands for each folder of `backends`, which are areas of their own. */
  readonly name: string;
  /** Why it stands where it stands. */
  readonly why: string;
}

/** From low to high. Each may import the lower ones, which stand before it in this list, and nothing else. */
export const layers: readonly Area[] = [
  { name: "operation", why: "the kernel in which all that waits is written; it imports nothing" },
  { name: "errors", why: "every layer throws them; one of the codes belongs to the kernel" },
  { name: "sql", why: "text only: it refuses bad SQL with an error, and knows no database" },
  { name: "backend", why: "the port: what a database must supply, in operations, errors and syntax" },
  { name: "observe", why: "events that any layer with behaviour may emit" },
  { name: "resilience", why: "retry, breaker and deadline: policies, whose changes of state are observed" },
  { name: "pool", why: "lends connections within deadlines; it knows no SQL" },
  {
    name: "monitor",
    why: "judges how a database does, from what it answers and how its pool and events look",
  },
  { name: "connection", why: "statements and transactions on a lent connection" },
  { name: "entity", why: "records and their versions, written with statements and transactions" },
  {
    name: "face",
    why: "the methods that users call, once for the face that awaits and the face that blocks",
  },
  { name: "decorators", why: "the layer's policies around a user's own functions" },
  { name: "routing", why: "chooses among databases, for statements and for entities" },
  { name: "migration", why: "changes the schema that entities live in, on databases that routing names" },
  { name: "model", why: "declared entities: a schema that migrations can apply" },
  {
    name: "config",
    why: "the user's settings, in the terms of every layer. It stands above them, so that none can read it",
  },
  { name: "database", why: "one configured database: it hands each layer the settings that it needs" },
];

const everyLayer = layers.map((layer) => layer.name);
const allButSettings = everyLayer.filter((name) => name !== "config" && name !== "database");

/** What stands on top of the layers, or beside them. `imports` is all that its files may import. */
export const otherAreas: readonly (Area & { readonly imports: readonly string[] })[] = [
  {
    name: "root",
    why: "src/*.ts puts the layers together, names the built-in backends, and is what users import",
    imports: [...everyLayer, "backends/*"],
  },
  {
    name: "backends/*",
    why: "implements the port and needs nothing more, so that an outside package can do the same",
    imports: ["operation", "errors", "sql", "backend", "resilience", "observe", "backends/blocking"],
  },
  {
    name: "integrations/*",
    why: "what a user could write too: one never needs another, nor a certain backend, nor the settings",
    imports: [...allButSettings, "root"],
  },
  {
    name: "testing",
    why: "the conformance suite and its fakes: it must reach all that it tests",
    imports: [...everyLayer, "root", "backends/*"],
  },
  {
    name: "cli",
    why: "a program on top of everything, so it may name settings and backends",
    imports: [...everyLayer, "root", "backends/*"],
  },
];

/** What a test (`*.test.ts`) may import beyond what its area may. */
export const testImports: readonly string[] = ["testing", "backends/*"];

/** Files that may hold `as` casts, how many, and why. Fewer than stated is reported too: then lower the number. */
export const allowedCasts: Readonly<Record<string, { readonly count: number; readonly why: string }>> = {
  "src/operation/operation.ts": {
    count: 1,
    why: "a `yield` has no type of its own; the runners answer it with the value of the promise yielded",
  },
  "src/face/vouch.ts": {
    count: 4,
    why: "which types stand for an entity's records only the caller knows; here the caller is believed",
  },
};

/** No file may be longer. */
export const maxLines = 500;

/** A source file with more lines of code than this should have a unit test beside it. */
export const untestedLines = 40;
