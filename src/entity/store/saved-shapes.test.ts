import { describe, expect, it } from "vitest";
import { mysqlDialect } from "../../backends/mysql/dialect.ts";
import { Codec } from "../codec/codec.ts";
import { type FieldType, parseFieldType } from "../kinds/index.ts";
import { Serializers } from "../values/serializers.ts";
import { EntityTable } from "./entity-table.ts";
import { type Saves, savedShape } from "./saved-shapes.ts";

const { auditedSteps } = mysqlDialect;
if (auditedSteps === undefined) throw new Error("expected a dialect that saves in steps");
const dialect = { auditedSteps };

function table(): EntityTable {
  const fields = new Map<string, FieldType>([
    ["name", parseFieldType("text")],
    ["age", parseFieldType("integer")],
  ]);
  return new EntityTable("users", { fields }, 1, new Codec(new Serializers()), mysqlDialect);
}

const shapeOf = (on: EntityTable, saves: Saves, fields: readonly string[], guards: readonly string[] = []) =>
  savedShape(dialect, on, { saves, fields, guards }, false);

/** Where each column comes from, by its name. */
function sources(saves: Saves, fields: readonly string[]): Record<string, string> {
  const on = table();
  const { sources: found } = shapeOf(on, saves, fields);
  return Object.fromEntries(
    on.columns.map(({ name }, i) => [name, `${found[i]?.from} ${found[i]?.place}`.replace(/ -1$/, "")]),
  );
}

describe("the shape of a record that is saved", () => {
  it("is made once for each table and shape, also where shapes take turns", () => {
    const on = table();
    const both = shapeOf(on, "new", ["name", "age"]);
    const turned = shapeOf(on, "new", ["age", "name"]);
    expect(turned).not.toBe(both);
    expect(shapeOf(on, "new", ["name", "age"])).toBe(both);
    expect(shapeOf(on, "new", ["age", "name"])).toBe(turned);
    expect(shapeOf(on, "nothing", ["age", "name"])).not.toBe(turned);
    expect(shapeOf(on, "record", ["name"], ["version"])).not.toBe(shapeOf(on, "record", ["name"]));
    expect(shapeOf(table(), "new", ["name", "age"])).not.toBe(both);
  });

  it("takes all of a record that is made from the values: id, moment, author, fields, version 1", () => {
    expect(sources("new", ["age"])).toEqual({
      id: "values 0",
      name: "nothing",
      age: "values 7",
      created_at: "values 1",
      created_by: "values 2",
      updated_at: "values 1",
      updated_by: "values 2",
      deleted_at: "nothing",
      version: "values 6",
    });
  });

  it("takes from the row what only the database knows of a record that was there", () => {
    expect(sources("record", ["age"])).toMatchObject({
      id: "values 0",
      name: "row 0",
      age: "values 7",
      created_at: "row 1",
      created_by: "row 2",
      updated_at: "values 1",
      deleted_at: "nothing",
      version: "row 3",
    });
  });

  it("has a place for each value of each statement", () => {
    for (const saves of ["new", "record", "nothing"] as const) {
      const { steps } = shapeOf(table(), saves, ["name", "age"], saves === "record" ? ["version"] : []);
      for (const { sql, places } of steps) {
        expect(places).toHaveLength(sql.split("?").length - 1);
        expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
      }
    }
  });
});
