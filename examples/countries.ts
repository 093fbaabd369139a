/**
 * A tour of the entity store with a real data set, 250 countries, in a SQLite file of its own. Every figure that it
 * prints is read from the database. Run it with `npm run demo`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseManager, type FieldDifference, withContext } from "stratadb";

interface Country {
  name: { common: string; official: string };
  cca2: string;
  region: string;
  subregion: string;
  capital: string[];
  languages: Record<string, string>;
  borders: string[];
  landlocked: boolean;
  independent: boolean | null;
  area: number;
  /** Added by this tour. */
  motto?: string;
  population?: number;
}

/** The data set has more fields than these; all of them are saved. */
const countries: readonly (Country & { cca3: string })[] = createRequire(import.meta.url)("world-countries");

const folder = mkdtempSync(join(tmpdir(), "strata-demo-"));
const database = join(folder, "countries.db");

try {
  await tour();
  tourWithoutPromises();
} finally {
  await DatabaseManager.closeAll();
  rmSync(folder, { recursive: true });
}

async function tour(): Promise<void> {
  await using db = DatabaseManager.connect<{ countries: Country }>("sqlite", { database });
  const world = db.entity("countries");

  title("1. Save 250 records. The tables make themselves.");
  const started = performance.now();
  const saved = await world.saveMany(
    countries.map(({ cca3, ...country }) => ({ id: cca3, ...country })),
    { userId: "import", comment: "world-countries data set" },
  );
  say(
    `${saved.length} records saved in ${Math.round(performance.now() - started)} ms, all in one transaction`,
  );
  const tables = await db.query<{ name: string; columns: number }>(
    `SELECT [name], (SELECT COUNT(*) FROM pragma_table_info([tables].[name])) AS [columns]
     FROM sqlite_schema AS [tables] WHERE [type] = 'table' ORDER BY [name]`,
  );
  for (const { name, columns } of tables) say(`table ${name.padEnd(18)} ${columns} columns`);
  const kinds = (await world.describe())?.fields ?? {};
  say(
    `kinds found: ${["name", "capital", "landlocked", "area", "region"].map((f) => `${f}: ${kinds[f]}`).join(", ")}`,
  );

  title("2. Find with portable SQL. Values keep their types.");
  const large = await world.find({
    where: "[area] > ?",
    params: [5_000_000],
    orderBy: "area DESC",
    limit: 4,
  });
  for (const { name, area, capital } of large) {
    say(
      `${name.common.padEnd(14)} ${area.toLocaleString("en").padStart(11)} km², capital ${capital.join(", ")}`,
    );
  }
  const landlocked = await world.count({
    where: "[landlocked] = ? AND [region] = ?",
    params: [true, "Europe"],
  });
  say(`${landlocked} countries in Europe have no coast, of ${await world.count()} in the world`);

  title("3. Change a record. Only what is named changes; who and why are kept.");
  await pause();
  const beforeEdits = new Date();
  await pause();
  await world.save({ id: "CHE", motto: "Unus pro omnibus" }, { userId: "ada", comment: "added the motto" });
  await withContext({ userId: "grace", comment: "census of 2024" }, async () => {
    await world.save({ id: "CHE", population: 9_034_102 });
    await world.save({ id: "CHE", population: 9_048_900, motto: "Unus pro omnibus, omnes pro uno" });
  });
  const swiss = await world.get("CHE");
  say(
    `version ${swiss?.version}: ${swiss?.name.common}, "${swiss?.motto}", ${swiss?.population?.toLocaleString("en")} people`,
  );
  say(`the tables have grown by ${["motto", "population"].join(" and ")}: nobody wrote a migration`);

  title("4. Every version is there.");
  for (const version of await world.history("CHE")) {
    const { history_user_id: who, history_comment: why, motto, population } = version;
    say(
      `v${version.version} by ${String(who).padEnd(6)} ${String(why).padEnd(24)} motto ${show(motto)}, population ${show(population)}`,
    );
  }

  title("5. Compare two versions, and go back.");
  for (const difference of await world.diff("CHE", 2, 4)) say(describeDifference(difference));
  const reverted = await world.revert("CHE", 2, { userId: "ada", comment: "the census was a draft" });
  say(
    `reverted to version 2 as version ${reverted.version}: population ${show(reverted.population)}, motto ${show(reverted.motto)}`,
  );

  title("6. Delete, and take it back.");
  await world.delete("NRU", { userId: "ada", comment: "a slip of the hand" });
  say(`after the delete: ${await world.count()} countries, get("NRU") answers ${await world.get("NRU")}`);
  await world.restore("NRU", { userId: "ada" });
  say(
    `after the restore: ${await world.count()} countries, ${(await world.get("NRU"))?.name.common} is back`,
  );

  title("7. Travel in time.");
  const then = await world.asOf("CHE", beforeEdits);
  say(
    `as of ${beforeEdits.toISOString()} Switzerland was at version ${then?.version}, motto ${show(then?.motto)}`,
  );
  const past = await world.findAsOf(beforeEdits, { where: "[region] = ?", params: ["Oceania"] });
  say(`and Oceania had ${past.length} countries`);

  title("8. A transaction that fails leaves nothing.");
  try {
    await db.transaction(async (tx) => {
      await tx.saveEntity("countries", { id: "ATL", region: "Ocean", area: 1 });
      say(`inside: ${await tx.countEntities("countries")} countries`);
      throw new Error("Atlantis has sunk");
    });
  } catch (error) {
    say(
      `${error instanceof Error ? error.message : error}: ${await world.count()} countries, history of ATL: ${(await world.history("ATL")).length}`,
    );
  }

  title("9. Stale writes are refused.");
  const mine = await world.get("FRA");
  await world.save({ id: "FRA", motto: "Liberté, égalité, fraternité" }, { userId: "grace" });
  try {
    if (mine !== null) await world.save({ ...mine, motto: "Allons enfants" }, { userId: "ada" });
  } catch (error) {
    say(`${error instanceof Error ? `${error.name}: ${error.message}` : error}`);
  }
}

function tourWithoutPromises(): void {
  title("10. The same without a single promise, for scripts.");
  using db = DatabaseManager.connectSync<{ countries: Country }>("sqlite", { database });
  const world = db.entity("countries");
  const [first] = world.find({ where: "[region] = ?", params: ["Africa"], orderBy: "area DESC", limit: 1 });
  say(`largest in Africa: ${first?.name.common}`);
  db.transaction((tx) => {
    tx.saveEntity(
      "countries",
      { id: "DZA", motto: "By the people and for the people" },
      { userId: "script" },
    );
  });
  const history = world.history("DZA");
  say(
    `${history.length} versions, the last by ${history.at(-1)?.history_user_id}: motto ${show(history.at(-1)?.motto)}`,
  );
  const [row] = db.execute("SELECT COUNT(*), SUM([version]) FROM [countries]");
  say(`plain SQL works as well: ${row?.[0]} countries, ${row?.[1]} versions in all`);
}

function describeDifference({ field, before, after, change }: FieldDifference): string {
  return `${change} ${field}: ${show(before)} → ${show(after)}`;
}

function show(value: unknown): string {
  return value === null || value === undefined ? "none" : JSON.stringify(value);
}

function title(text: string): void {
  console.log(`\n${text}`);
}

function say(text: string): void {
  console.log(`   ${text}`);
}

// Versions are told apart by number, but a moment has to lie between two of them to be travelled to.
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
