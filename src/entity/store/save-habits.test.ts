import { describe, expect, it } from "vitest";
import { SaveHabits } from "./save-habits.ts";

describe("the habits of saves", () => {
  it("expect nothing when several in a row were new", () => {
    const habits = new SaveHabits();
    const seen: string[] = [];
    for (const version of [1, 1, 1, 1, 2, 1, 1, 1]) {
      seen.push(habits.expected("users"));
      habits.learn("users", { version });
    }
    expect(seen).toEqual(["either", "either", "either", "nothing", "nothing", "either", "either", "either"]);
    expect(habits.expected("users")).toBe("nothing");
    expect(habits.expected("others")).toBe("either");
  });

  it("expect a record when many in a row were there, until one is new", () => {
    const habits = new SaveHabits();
    const seen: string[] = [];
    for (let version = 2; version < 40; version++) {
      habits.learn("users", { version });
      seen.push(habits.expected("users"));
    }
    expect(seen.indexOf("record")).toBe(31);
    expect(seen.at(-1)).toBe("record");
    habits.learn("users", { version: 1 });
    expect(habits.expected("users")).toBe("either");
  });

  it("are forgotten when there are more entities than an application has", () => {
    const habits = new SaveHabits();
    for (let entity = 0; entity < 1000; entity++) {
      for (let i = 0; i < 3; i++) habits.learn(`e${entity}`, { version: 1 });
    }
    expect(habits.expected("e999")).toBe("nothing");
    habits.learn("e1000", { version: 1 });
    expect(habits.expected("e999")).toBe("either");
  });
});
