/**
 * The MySQL backend and the entity store beside the `mariadb` package used directly, on a private MariaDB that keeps
 * its promises (a flush to disk at each commit). `node bench/mysql.ts`, or with the names of some parts:
 * `node bench/mysql.ts saves bulk`.
 */
import { randomUUID } from "node:crypto";
import { DatabaseManager } from "../src/index.ts";
import { createDatabase, privateMariadb } from "../test/servers/index.ts";
import { atOnce, compare, each } from "./compare.ts";
import { connectDirect, type MariadbConnection, sessionOf } from "./mariadb.ts";
import { author, columns, historyColumns, idOf, type Person, people, person, portable } from "./people.ts";
import { slowNetwork } from "./slow-network.ts";

const server = await privateMariadb({ durable: true });
const { url } = await createDatabase(server);
const db = DatabaseManager.connect(url, { pool: { minSize: 1, maxSize: 1 } });
// What is done by hand goes by the very session that ours uses: two of them differ by a fifth in speed, by nothing
// but the processors on which the server's threads stand.
const client = await sessionOf(db);
const sync = DatabaseManager.connectSync(url);

const now = () => new Date().toISOString().slice(0, 23).replace("T", " ");

const upsertText =
  `INSERT INTO hand (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, 1) ON DUPLICATE KEY UPDATE ` +
  "name = VALUES(name), age = VALUES(age), city = VALUES(city), updated_at = VALUES(updated_at), " +
  "updated_by = VALUES(updated_by), deleted_at = NULL, version = version + 1";
const appendText =
  `INSERT INTO hand_history (${columns}, ${historyColumns}) ` +
  `SELECT ${columns}, ?, ?, NULL, 'save', ? FROM hand WHERE id = ?`;

let last = 0;
const kinds = {
  "new record": { id: (): string => randomUUID(), ours: () => person(++last) },
  "new record with an id of its own": {
    id: (): string => randomUUID(),
    ours: () => ({ id: randomUUID(), ...person(++last) }),
  },
  "change of a record": { id: () => "one", ours: () => ({ id: "one", ...person(++last) }) },
};

/** Rounds so long that it evens out on which processor the server's threads stand. */
const long = { count: 1000, rounds: 31 };

const parts: Readonly<Record<string, () => Promise<void>>> = {
  selects,
  callers,
  records,
  saves,
  network,
  bulk,
};
const wanted = process.argv.slice(2);
try {
  await db.saveEntities("people", people);
  // The same columns, so that what is measured is the way and not the types.
  await client.query("CREATE TABLE hand LIKE people");
  await client.query(`INSERT INTO hand (${columns}) SELECT ${columns} FROM people`);
  await client.query("CREATE TABLE hand_history LIKE people_history");
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length === 0 || wanted.includes(name)) await part();
  }
} finally {
  await DatabaseManager.closeAll();
  await server.close();
}

async function selects(): Promise<void> {
  const prepared = await client.prepare("SELECT id, name, age, city FROM people WHERE id = ?");
  const direct = each("mariadb, a prepared statement", (n) => prepared.execute([idOf(n)]));
  await compare({
    ...long,
    title: "point select of four columns by primary key, one after the other",
    unit: "select",
    ways: [direct, each("stratadb, execute()", (n) => db.execute(portable, [idOf(n)]))],
  });
  await using connection = await db.connection();
  await compare({
    ...long,
    title: "the same, on a connection that is held",
    unit: "select",
    ways: [direct, each("stratadb, connection.execute()", (n) => connection.execute(portable, [idOf(n)]))],
  });
  await compare({
    ...long,
    title: "the same, blocking",
    unit: "select",
    ways: [direct, each("stratadb sync, execute()", (n) => sync.execute(portable, [idOf(n)]))],
  });
}

async function callers(): Promise<void> {
  const text = "SELECT id, name, age, city FROM people WHERE id = ?";
  const connections = await Promise.all(Array.from({ length: 10 }, () => connectDirect(url)));
  const prepared = await Promise.all(connections.map((connection) => connection.prepare(text)));
  const pooled = DatabaseManager.connect(url, { alias: "pooled", pool: { maxSize: 10 } });
  await compare({
    ...long,
    title: "point select by 64 callers on 10 connections",
    unit: "select",
    ways: [
      atOnce("mariadb, 10 shared connections, pipelined", (n) => prepared[n % 10]?.execute([idOf(n)])),
      atOnce("stratadb, execute()", (n) => pooled.execute(portable, [idOf(n)])),
    ],
  });
  await pooled.close();
  for (const connection of connections) await connection.end();
}

/** By hand nothing asks whether the columns are still what they were; ours reads the schema's revision with the record. */
async function records(): Promise<void> {
  const prepared = await client.prepare(`SELECT ${columns} FROM people WHERE id = ? AND deleted_at IS NULL`);
  const direct = each("mariadb, a prepared statement", (n) => prepared.execute([idOf(n)]));
  await compare({
    ...long,
    title: "a whole record by id (ten columns)",
    unit: "record",
    ways: [
      direct,
      each("stratadb, getEntity(), typed", (n) => db.getEntity("people", idOf(n), { deserialize: true })),
      each("stratadb, getEntity(), text", (n) => db.getEntity("people", idOf(n))),
    ],
  });
  await compare({
    ...long,
    title: "the same, blocking",
    unit: "record",
    ways: [
      direct,
      each("stratadb sync, getEntity(), typed", (n) =>
        sync.getEntity("people", idOf(n), { deserialize: true }),
      ),
    ],
  });
}

/**
 * Ways by hand. In the best correct one the statements are sent together, and COMMIT when all of them have been
 * answered: sent along with them, it would store the half that succeeded. They do less than ours: neither the version
 * nor who made the record is answered (but for the second way), what does not change makes a version, and a schema that
 * another process has changed is not noticed.
 */
async function savesByHand(on: MariadbConnection) {
  const upsert = await on.prepare(upsertText);
  const answering = await on.prepare(`${upsertText} RETURNING ${columns}`);
  const append = await on.prepare(appendText);
  const values = (id: string, { name, age, city }: Person) => {
    return [id, name, age, city, now(), "bench", now(), "bench"];
  };
  const audited = async (statement: typeof upsert, id: string, record: Person) => {
    await Promise.all([
      on.query("START TRANSACTION"),
      statement.execute(values(id, record)),
      append.execute([now(), "bench", randomUUID(), id]),
    ]);
    await on.query("COMMIT");
  };
  return {
    plain: (id: string, record: Person) => upsert.execute(values(id, record)),
    audited: (id: string, record: Person) => audited(upsert, id, record),
    answering: (id: string, record: Person) => audited(answering, id, record),
  };
}

async function saves(): Promise<void> {
  // Before anything is prepared by hand: the session is reset after what it takes to make a table.
  await db.saveEntity("saved", { id: "one", ...person(0) });
  const hand = await savesByHand(client);
  for (const [title, { id, ours }] of Object.entries(kinds)) {
    const audited = each("mariadb, START/upsert/history, then COMMIT", () =>
      hand.audited(id(), person(++last)),
    );
    await compare({
      title: `audited save, ${title}`,
      unit: "save",
      ways: [
        audited,
        each("mariadb, the same, answering the record", () => hand.answering(id(), person(++last))),
        each("mariadb, upsert without history", () => hand.plain(id(), person(++last))),
        each("stratadb, saveEntity()", () => db.saveEntity("saved", ours(), author)),
      ],
    });
    await compare({
      title: "the same, blocking",
      unit: "save",
      ways: [audited, each("stratadb sync, saveEntity()", () => sync.saveEntity("saved", ours(), author))],
    });
  }
}

/** Here round trips count, and little else. */
async function network(): Promise<void> {
  const { port, close } = await slowNetwork(server.port, 1);
  const far = new URL(url);
  far.port = String(port);
  const farClient = await connectDirect(far.href);
  const farDb = DatabaseManager.connect(far.href);
  const hand = await savesByHand(farClient);
  for (const [title, { id, ours }] of Object.entries(kinds)) {
    await compare({
      title: `audited save over a network of 1 ms each way, ${title}`,
      unit: "save",
      count: 20,
      rounds: 9,
      ways: [
        each("mariadb, START/upsert/history, then COMMIT", () => hand.audited(id(), person(++last))),
        each("mariadb, upsert without history", () => hand.plain(id(), person(++last))),
        each("stratadb, saveEntity()", () => farDb.saveEntity("saved", ours(), author)),
      ],
    });
  }
  await farClient.end();
  await farDb.close();
  close();
}

/** By hand: 1,000 rows a statement, prepared, into both tables. */
async function bulk(): Promise<void> {
  const rows = 1000;
  const batch = () => Array.from({ length: 10_000 }, (_, n) => person(n));
  const row = "(?, ?, ?, ?, ?, ?, ?, ?, NULL, 1)";
  const historyRow = "(?, ?, ?, ?, ?, ?, ?, ?, NULL, 1, ?, ?, NULL, 'save', ?)";
  const many = (head: string, one: string) => `${head} VALUES ${`${one}, `.repeat(rows - 1)}${one}`;
  await db.saveEntity("bulk", person(0));
  const insert = await client.prepare(many(`INSERT INTO hand (${columns})`, row));
  const append = await client.prepare(
    many(`INSERT INTO hand_history (${columns}, ${historyColumns})`, historyRow),
  );
  const byHand = each("mariadb, multi-row inserts into both tables", async () => {
    const at = now();
    const writeId = randomUUID();
    const records = batch().map(({ name, age, city }) => {
      return [randomUUID(), name, age, city, at, "bench", at, "bench"];
    });
    await client.query("START TRANSACTION");
    for (let from = 0; from < records.length; from += rows) {
      const part = records.slice(from, from + rows);
      await Promise.all([
        insert.execute(part.flat()),
        append.execute(part.flatMap((values) => [...values, at, "bench", writeId])),
      ]);
    }
    await client.query("COMMIT");
  });
  const size = { count: 1, rounds: 11 };
  await compare({
    ...size,
    title: "10,000 new records with history",
    unit: "batch",
    ways: [byHand, each("stratadb, saveEntities()", () => db.saveEntities("bulk", batch(), author))],
  });
  await compare({
    ...size,
    title: "the same, blocking",
    unit: "batch",
    ways: [byHand, each("stratadb sync, saveEntities()", () => sync.saveEntities("bulk", batch(), author))],
  });
  let round = 0;
  const changed = () => {
    round += 1;
    return Array.from({ length: 1000 }, (_, n) => ({ id: idOf(n), age: n + round }));
  };
  const update = await client.prepare(
    "UPDATE hand SET age = ?, updated_at = ?, updated_by = ?, version = version + 1 WHERE id = ?",
  );
  const appendOne = await client.prepare(appendText);
  await compare({
    ...size,
    title: "1,000 changes of records with history",
    unit: "batch",
    ways: [
      each("mariadb, pipelined updates and appends", async () => {
        const [at, writeId] = [now(), randomUUID()];
        await client.query("START TRANSACTION");
        await Promise.all(
          changed().flatMap(({ id, age }) => [
            update.execute([age, at, "bench", id]),
            appendOne.execute([at, "bench", writeId, id]),
          ]),
        );
        await client.query("COMMIT");
      }),
      each("stratadb, saveEntities()", () => db.saveEntities("people", changed(), author)),
    ],
  });
}
