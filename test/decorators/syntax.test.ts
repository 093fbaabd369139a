import { describe, expect, it } from "vitest";
import { blocksOf, readText } from "../docs/pages.ts";
import { runDecorated } from "./compile.ts";

describe("the decorator syntax", () => {
  it("works on methods, with private fields, statics and type parameters", async () => {
    const printed = await runDecorated(readText("test/decorators/fixtures/reports.ts"));
    expect(JSON.parse(printed)).toEqual({
      endless: true,
      twice: 8,
      fragile: ["Error", "Error", true, 2],
      flaky: "done",
      slow: ["flaky"],
      name: "flaky",
      failed: ["Error", "Error", "Error"],
      nothingStored: [0, 0],
      stored: ["report", "report", 1],
      counts: [2, 2],
    });
  });
});

describe("the programs with decorators on the page", () => {
  const path = "docs/wrapping-your-own-code.md";
  const blocks = blocksOf({ path, text: readText(path) }).filter(({ language }) => language === "typescript");

  it("are there", () => {
    expect(blocks).not.toEqual([]);
  });

  it.each(blocks.map(({ line, code }) => [line, code] as const))(
    "%i prints what it says",
    async (_, code) => {
      const said = Array.from(code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm), ([, text]) => text);
      expect((await runDecorated(code)).trim().split("\n")).toEqual(said);
    },
  );
});
