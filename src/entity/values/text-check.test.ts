import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { checkText, textProblem } from "./text-check.ts";

describe("textProblem", () => {
  it.each([
    ["", null],
    ["é", null],
    ["e\u0301", null],
    ["😀", null],
    ["\ufffd", null],
    ["a\0b", "a NUL character"],
    ["\ud83d", "half of a surrogate pair"],
    ["\ude00\ud83d", "half of a surrogate pair"],
  ])("%j: %s", (text, problem) => {
    expect(textProblem(text)).toBe(problem);
  });
});

describe("checkText", () => {
  it("answers what can be stored, and names the path of what cannot", () => {
    expect(checkText("abc", "name")).toBe("abc");
    expect(() => checkText("se\0cret", "name")).toThrow(ValidationError);
    expect(() => checkText("se\0cret", "name")).toThrow(/^name: expected text .* NUL/);
    expect(() => checkText("se\0cret", "name")).not.toThrow(/cret/);
  });
});
