import { describe, expect, it } from "vitest";
import { SaveHabits } from "./save-habits.ts";

describe("the habits of saves", () => {
  it("expect a record, until several in a row were new", () => {
    const habits = new SaveHabits();
    const seen: string[] = [];
    for (const version of [1, 1, 1, 1, 2, 1, 1, 1]) {
      seen.push(habits.expected("users"));
      habits.learn("users", { version });
    }
    expect(seen).toEqual(["record", "record", "record", "nothing", "nothing", "record", "record", "record"]);
    expect(habits.expected("users")).toBe("nothing");
    expect(habits.expected("others")).toBe("record");
  });
});
