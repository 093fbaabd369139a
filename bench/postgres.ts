/**
 * The PostgreSQL backend and the entity store beside node-postgres used directly, on a private server that keeps its
 * promises (fsync on). `node bench/postgres.ts`, or with the names of some parts: `node bench/postgres.ts saves bulk`.
 */
import { randomUUID } from "node:crypto";
import { DatabaseManager } from "../src/index.ts";
import { createDatabase, privatePostgres } from "../test/servers/index.ts";
import { atOnce, compare, each } from "./compare.ts";
import { author, columns, historyColumns, idOf, type Person, people, person, portable } from "./people.ts";
import { type Client, direct } from "./pg.ts";

const poolSize = 10;
const server = await privatePostgres({ durable: true });
const { url } = await createDatabase(server);
const client = await direct.connect(url);
const pool = direct.pool(url, poolSize);
const db = DatabaseManager.connect(url, { pool: { maxSize: poolSize } });
const sync = DatabaseManager.connectSync(url);

/** `portable` by hand, prepared by name. */
const named = {
  name: "select",
  text: "SELECT id, name, age, city FROM people WHERE id = $1",
  rowMode: "array",
};

/** Rounds too short for the scheduler to take the turn away in most of them. */
const short = { count: 60, rounds: 201 };
/** Rounds so long that it evens out on which processor each server process stands: of selects that makes half the time. */
const long = { count: 1000, rounds: 31 };

const parts: Readonly<Record<string, () => Promise<void>>> = {
  selects,
  overhead,
  callers,
  records,
  saves,
  bulk,
};
const wanted = process.argv.slice(2);
try {
  await db.saveEntities("people", people);
  await makeTables(client);
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length === 0 || wanted.includes(name)) await part();
  }
} finally {
  await client.end();
  await pool.end();
  await DatabaseManager.closeAll();
  await server.close();
}

async function selects(): Promise<void> {
  await using connection = await db.connection();
  const one = each("pg, one connection, named", (n) => client.query({ ...named, values: [idOf(n)] }));
  await compare({
    ...long,
    title: "point select of four columns by primary key, one after the other",
    unit: "select",
    ways: [
      one,
      each("pg.Pool, named", (n) => pool.query({ ...named, values: [idOf(n)] })),
      each("stratadb, one connection, execute()", (n) => connection.execute(portable, [idOf(n)])),
      each("stratadb, execute()", (n) => db.execute(portable, [idOf(n)])),
    ],
  });
  await compare({
    ...long,
    title: "the same, blocking",
    unit: "select",
    ways: [one, each("stratadb sync, execute()", (n) => sync.execute(portable, [idOf(n)]))],
  });
}

/**
 * What pool, time limit, circuit breaker and events cost beside the pool of node-postgres, which has none but the
 * first. The listeners of the last way are called three times a select.
 */
async function overhead(): Promise<void> {
  const heard = DatabaseManager.connect(url, { alias: "heard", pool: { maxSize: poolSize } });
  let events = 0;
  const listener = () => {
    events += 1;
  };
  heard.on("query", listener);
  heard.onPool("acquired", listener);
  heard.onPool("released", listener);
  for (const [title, way] of [
    ["one caller", each],
    [`64 callers on ${poolSize} connections`, atOnce],
  ] as const) {
    await compare({
      ...long,
      title: `point select, ${title}`,
      unit: "select",
      ways: [
        way("pg.Pool, named", (n) => pool.query({ ...named, values: [idOf(n)] })),
        way("stratadb, execute()", (n) => db.execute(portable, [idOf(n)])),
        way("stratadb, execute(), three listeners", (n) => heard.execute(portable, [idOf(n)])),
      ],
    });
  }
  console.log(`  the listeners were called ${events} times`);
}

async function callers(): Promise<void> {
  await compare({
    ...long,
    title: `point select by 64 callers on ${poolSize} connections`,
    unit: "select",
    ways: [
      atOnce("pg.Pool, named", (n) => pool.query({ ...named, values: [idOf(n)] })),
      atOnce("stratadb, execute()", (n) => db.execute(portable, [idOf(n)])),
    ],
  });
}

async function records(): Promise<void> {
  const byHand = {
    name: "record",
    text: `SELECT ${columns} FROM people WHERE id = $1 AND deleted_at IS NULL`,
  };
  const one = each("pg, one connection, named", (n) => client.query({ ...byHand, values: [idOf(n)] }));
  await compare({
    ...long,
    title: "a whole record by id (ten columns)",
    unit: "record",
    ways: [
      one,
      each("stratadb, getEntity(), typed", (n) => db.getEntity("people", idOf(n), { deserialize: true })),
      each("stratadb, getEntity(), text", (n) => db.getEntity("people", idOf(n))),
    ],
  });
  await compare({
    ...long,
    title: "the same, blocking",
    unit: "record",
    ways: [
      one,
      each("stratadb sync, getEntity(), typed", (n) =>
        sync.getEntity("people", idOf(n), { deserialize: true }),
      ),
    ],
  });
}

/** The best way by hand: one named statement that stores the record and its version. */
async function saves(): Promise<void> {
  const text =
    `WITH saved AS (INSERT INTO hand AS h (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $5, $6, NULL, 1) ` +
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, age = excluded.age, city = excluded.city, " +
    `updated_at = excluded.updated_at, updated_by = excluded.updated_by, version = h.version + 1 RETURNING ${columns}), ` +
    `kept AS (INSERT INTO hand_history (${columns}, ${historyColumns}) ` +
    `SELECT ${columns}, $5, $6, NULL, 'save', $7 FROM saved) SELECT ${columns} FROM saved`;
  const save = (id: string, { name, age, city }: Person) =>
    client.query({ name: "save", text, values: [id, name, age, city, new Date(), "bench", randomUUID()] });
  let last = 0;
  const kinds = {
    "new record": {
      hand: () => save(randomUUID(), person(++last)),
      ours: () => person(++last),
    },
    "change of a record": {
      hand: () => save("one", person(++last)),
      ours: () => ({ id: "one", ...person(++last) }),
    },
  };
  for (const [title, { hand, ours }] of Object.entries(kinds)) {
    const byHand = each("pg, one named statement", hand);
    await compare({
      ...short,
      title: `audited save, ${title}`,
      unit: "save",
      ways: [byHand, each("stratadb, saveEntity()", () => db.saveEntity("saved", ours(), author))],
    });
    await compare({
      ...short,
      title: "the same, blocking",
      unit: "save",
      ways: [byHand, each("stratadb sync, saveEntity()", () => sync.saveEntity("saved", ours(), author))],
    });
  }
}

/** By hand: arrays of values in one statement for both tables, which was never slower than COPY into each of them. */
async function bulk(): Promise<void> {
  const batch = () => Array.from({ length: 10_000 }, (_, n) => person(n));
  const text =
    `WITH saved AS (INSERT INTO hand (${columns}) SELECT id, name, age, city, $5, $6, $5, $6, NULL, 1 ` +
    "FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS given (id, name, age, city) " +
    `RETURNING ${columns}) INSERT INTO hand_history (${columns}, ${historyColumns}) ` +
    `SELECT ${columns}, $5, $6, NULL, 'save', $7 FROM saved`;
  const byHand = each("pg, unnest into both tables", () => {
    const records = batch();
    const ids = records.map(() => randomUUID());
    const [names, ages, cities] = [
      records.map((p) => p.name),
      records.map((p) => p.age),
      records.map((p) => p.city),
    ];
    const values = [ids, names, ages, cities, new Date(), "bench", randomUUID()];
    return client.query({ name: "bulk", text, values });
  });
  const whole = { count: 1, rounds: 21 };
  await compare({
    ...whole,
    title: "10,000 new records with history",
    unit: "batch",
    ways: [byHand, each("stratadb, saveEntities()", () => db.saveEntities("bulk", batch(), author))],
  });
  await compare({
    ...whole,
    title: "the same, blocking",
    unit: "batch",
    ways: [byHand, each("stratadb sync, saveEntities()", () => sync.saveEntities("bulk", batch(), author))],
  });
  let round = 0;
  const changed = () => {
    round += 1;
    return Array.from({ length: 1000 }, (_, n) => ({ id: idOf(n), age: n + round }));
  };
  const update =
    "WITH saved AS (UPDATE hand AS h SET age = given.age, updated_at = $3, updated_by = $4, version = h.version + 1 " +
    "FROM unnest($1::text[], $2::bigint[]) AS given (id, age) WHERE h.id = given.id RETURNING h.*) " +
    `INSERT INTO hand_history (${columns}, ${historyColumns}) SELECT ${columns}, $3, $4, NULL, 'save', $5 FROM saved`;
  await compare({
    ...whole,
    title: "1,000 changes of records with history",
    unit: "batch",
    ways: [
      each("pg, unnest", () => {
        const records = changed();
        const values = [
          records.map((p) => p.id),
          records.map((p) => p.age),
          new Date(),
          "bench",
          randomUUID(),
        ];
        return client.query({ name: "update", text: update, values });
      }),
      each("stratadb, saveEntities()", () => db.saveEntities("people", changed(), author)),
    ],
  });
}

/** An audited table as an application would make it without this library, with the people that the other one has. */
async function makeTables(on: Client): Promise<void> {
  const common =
    'id text COLLATE "C" NOT NULL, name text, age bigint, city text, created_at timestamptz NOT NULL, created_by text, ' +
    "updated_at timestamptz NOT NULL, updated_by text, deleted_at timestamptz, version bigint NOT NULL";
  await on.query({ text: `CREATE TABLE hand (${common}, PRIMARY KEY (id))` });
  await on.query({
    text:
      `CREATE TABLE hand_history (${common}, history_timestamp timestamptz, history_user_id text, ` +
      "history_comment text, history_operation text, history_write_id text, PRIMARY KEY (id, version))",
  });
  await on.query({ text: `INSERT INTO hand (${columns}) SELECT ${columns} FROM people` });
}
