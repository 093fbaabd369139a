import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brokenKey, changedTable } from "./constraint.ts";

describe("the table that a statement changes", () => {
  it.each([
    ["insert into users values (1)", "users"],
    ["INSERT IGNORE INTO `users` (id) values (1)", "users"],
    ["insert users values (1)", "users"],
    ["/* tag */ replace into `odd``name` values (1)", "odd`name"],
    ["update low_priority users set a = 1", "users"],
    ["delete quick from users where a = 1", "users"],
    ["insert into users(id) values (1)", "users"],
    ["insert into other.users values (1)", undefined],
    ["insert into `other`.`users` values (1)", undefined],
    ["update users, pets set a = 1", undefined],
    ["update users u, pets set a = 1", "users"],
    ["select * from users", undefined],
    ["call p()", undefined],
    ["", undefined],
  ])("of %s", (text, table) => {
    expect(changedTable(text)).toBe(table);
  });
});

describe("the key of a duplicate entry", () => {
  it("is found whatever the value holds", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(brokenKey(`Duplicate entry '${value}' for key 'mail'`, "mariadb")).toEqual({
          key: "mail",
          table: undefined,
        });
        expect(brokenKey(`Duplicate entry '${value}' for key 'users.mail'`, "mysql")).toEqual({
          key: "mail",
          table: "users",
        });
      }),
    );
    expect(brokenKey("Duplicate entry 'x' for key 'a' for key 'b'", "mariadb")).toEqual({
      key: "b",
      table: undefined,
    });
    expect(brokenKey("something else", "mysql")).toBeUndefined();
  });
});
