import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { autoTransaction } from "./auto-transaction.ts";

// What it does on a database is in test/decorators.
describe("autoTransaction", () => {
  it.each([undefined, null, {}, { transaction: true }])("refuses %o for a database", (db) => {
    expect(() => Reflect.apply(autoTransaction, undefined, [db])).toThrow(ConfigurationError);
  });

  it("refuses an object that has no database", async () => {
    const find = Reflect.apply(autoTransaction, undefined, [(self: { db?: object }) => self.db]);
    const orders = { save: find(async () => "saved") };
    await expect(orders.save()).rejects.toThrow(/expected a database, a connection or a transaction/);
  });
});
