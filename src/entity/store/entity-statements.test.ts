import { describe, expect, it } from "vitest";
import { sqliteDialect } from "../../backends/sqlite/dialect.ts";
import { Codec } from "../codec/codec.ts";
import { parseFieldType } from "../kinds/index.ts";
import { Serializers } from "../values/serializers.ts";
import { EntityTable } from "./entity-table.ts";

function table(fields: Readonly<Record<string, string>>, revision = 3) {
  const schema = {
    fields: new Map(Object.entries(fields).map(([name, type]) => [name, parseFieldType(type)])),
  };
  return new EntityTable("users", schema, revision, new Codec(new Serializers()), sqliteDialect);
}

const { statements } = table({ name: "text", age: "integer" });
const system = "[created_at], [created_by], [updated_at], [updated_by], [deleted_at], [version]";
const untagged = (sql: string) => sql.replace(/^\/\* schema \w+ \*\/ /, "");

describe("the statements of an entity", () => {
  it("name every column, so that a new one changes no answer", () => {
    expect(untagged(statements.selectById)).toBe(
      `SELECT [id], [name], [age], ${system}, (SELECT [type] FROM [users_meta] WHERE [name] = '') AS [schema_revision] FROM [users] WHERE [id] = ?`,
    );
    const texts = Object.values({ ...statements }).filter((text) => typeof text === "string");
    expect(texts.filter((text) => text.includes("SELECT *"))).toEqual([]);
  });

  it("insert and update the columns that are given", () => {
    expect(untagged(statements.insert(["id", "age"]))).toBe(
      "INSERT INTO [users] ([id], [age]) VALUES (?, ?)",
    );
    expect(untagged(statements.update(["age", "version"]))).toBe(
      "UPDATE [users] SET [age] = ?, [version] = ? WHERE [id] = ? AND [version] = ?",
    );
  });

  it("copy a record whole into the history, or what has changed of it", () => {
    const history =
      "[history_timestamp], [history_user_id], [history_comment], [history_operation], [history_write_id], [history_fields]";
    expect(untagged(statements.appendHistory)).toBe(
      `INSERT INTO [users_history] (${history}, [id], [name], [age], ${system}) SELECT ?, ?, ?, ?, ?, ?, [id], [name], [age], ${system} FROM [users]`,
    );
    expect(untagged(statements.appendDelta(["age"]))).toBe(
      `INSERT INTO [users_history] (${history}, [id], [age], ${system}) SELECT ?, ?, ?, ?, ?, ?, [id], [age], ${system} FROM [users] WHERE [id] = ?`,
    );
  });

  it("are made once for each shape of record", () => {
    const first = statements.insert(["id", "name"]);
    expect(statements.insert(["id", "name"])).toBe(first);
    expect(statements.insert(["name", "id"])).not.toBe(first);
    expect(statements.update(["id", "name"])).not.toBe(first);
    let made = 0;
    const make = () => `text ${made++}`;
    statements.memoised("kind", ["a", "b"], make);
    statements.memoised("kind", ["a", "b"], make);
    statements.memoised("kind", ["a"], make);
    statements.memoised("other", ["a", "b"], make);
    expect(made).toBe(3);
  });

  it("do not pile up when every record has another shape", () => {
    const own = table({}).statements;
    let made = 0;
    for (let n = 0; n < 5_000; n++) own.memoised("insert", [`f${n}`], () => `text ${made++}`);
    for (let n = 0; n < 10; n++) own.memoised("insert", [`f${n}`], () => `text ${made++}`);
    expect(made).toBe(5_010);
  });

  it("differ when a field or its type does, and not by the order of fields or by the revision", () => {
    const textOf = (fields: Readonly<Record<string, string>>, revision?: number) =>
      table(fields, revision).statements.insert(["id"]);
    const base = textOf({ a: "integer", b: "text" });
    expect(textOf({ b: "text", a: "integer" })).toBe(base);
    expect(textOf({ a: "integer", b: "text" }, 9)).toBe(base);
    expect(textOf({ a: "number", b: "text" })).not.toBe(base);
    expect(textOf({ a: "integer", b: "text", c: "text" })).not.toBe(base);
  });
});

describe("EntityTable", () => {
  it("is out of date for a row that was read with another revision", () => {
    const known = table({ n: "integer" }, 3);
    expect(known.isStale(["a", 1, "3"])).toBe(false);
    expect(known.isStale(["a", 1, 3n])).toBe(false);
    expect(known.isStale(["a", 1, "4"])).toBe(true);
    expect(known.isStale(["a", 1, null])).toBe(true);
  });

  it("makes records of rows, typed or as text, and leaves out what follows", () => {
    const known = table({ n: "integer", done: "boolean" });
    const row = [
      "a",
      7n,
      1n,
      "2024-01-01T00:00:00.000Z",
      null,
      "2024-01-02T00:00:00.000Z",
      "ann",
      null,
      2n,
      "3",
    ];
    const at = new Date("2024-01-01T00:00:00.000Z");
    expect(known.decodeRow(row)).toEqual({
      id: "a",
      n: 7,
      done: true,
      created_at: at,
      created_by: null,
      updated_at: new Date("2024-01-02T00:00:00.000Z"),
      updated_by: "ann",
      deleted_at: null,
      version: 2,
    });
    expect(known.textRow(row)).toEqual({
      id: "a",
      n: "7",
      done: "true",
      created_at: at.toISOString(),
      created_by: null,
      updated_at: "2024-01-02T00:00:00.000Z",
      updated_by: "ann",
      deleted_at: null,
      version: "2",
    });
  });

  it("answers what a value reads back as, sharing nothing with it", () => {
    const field = table({ j: "json", d: "date", y: "bytes" }).fields;
    const [json, date, bytes] = ["j", "d", "y"].map((name) => field.get(name));
    const list = [{ a: -0, gone: undefined }];
    const read = json?.readBack(json.encode(list));
    expect(read).toStrictEqual([{ a: 0 }]);
    expect(read).not.toBe(list);
    const moment = new Date(5);
    expect(date?.readBack(date.encode(moment))).toEqual(moment);
    expect(date?.readBack(date.encode(moment))).not.toBe(moment);
    const buffer = Buffer.from([1, 2]);
    expect(bytes?.readBack(bytes.encode(buffer))).toStrictEqual(new Uint8Array([1, 2]));
  });
});
