import { describe, expect, it } from "vitest";
import { findProblems, findUntested } from "./structure/check.ts";
import { layers, otherAreas } from "./structure/layers.ts";
import { blankOut } from "./structure/source-text.ts";

/** The messages for a tree, as `path:line message`. The kernel's cast, which must be there, is left out. */
function problemsOf(tree: Record<string, string>): string[] {
  return findProblems(new Map(Object.entries(tree))).map(
    ({ path, line, message }) => `${path}:${line} ${message}`,
  );
}

function problemsOfCode(code: string, path = "src/pool/pool.ts"): string[] {
  return problemsOf({ [path]: code });
}

describe("layering", () => {
  const importing = (from: string, to: string) => problemsOf({ [from]: `import { x } from "${to}";\n` });

  it.each([
    ["src/pool/pool.ts", "../operation/index.ts"],
    ["src/pool/pool.ts", "./pool-state.ts"],
    ["src/pool/deep/er.ts", "../pool.ts"],
    ["src/pool/pool.ts", "node:fs"],
    ["src/config/config.ts", "../entity/index.ts"],
    ["src/manager.ts", "./registry.ts"],
    ["src/manager.ts", "./config/index.ts"],
    ["src/database/database.ts", "../config/index.ts"],
    ["src/registry.ts", "./backends/sqlite/index.ts"],
    ["src/backends/sqlite/driver.ts", "../../backend/index.ts"],
    ["src/backends/postgres/driver.ts", "../blocking/index.ts"],
    ["src/testing/suite.ts", "../config/index.ts"],
    ["src/testing/suite.ts", "../backends/sqlite/index.ts"],
    ["src/cli/main.ts", "../config/index.ts"],
    ["src/integrations/fastify/index.ts", "../../index.ts"],
    ["src/pool/pool.test.ts", "../testing/fake-clock.ts"],
    ["src/pool/pool.test.ts", "../backends/sqlite/index.ts"],
    ["test/conformance/run.ts", "../../src/backends/sqlite/index.ts"],
  ])("lets %s import %s", (from, to) => {
    expect(importing(from, to)).toEqual([]);
  });

  it.each([
    ["src/operation/operation.test.ts", "../errors/index.ts"],
    ["src/errors/errors.ts", "../sql/index.ts"],
    ["src/sql/lexer.ts", "../backend/index.ts"],
    ["src/pool/pool.ts", "../connection/index.ts"],
    ["src/pool/pool.ts", "../config/index.ts"],
    ["src/pool/pool.ts", "../testing/fake-clock.ts"],
    ["src/pool/pool.ts", "../backends/sqlite/index.ts"],
    ["src/pool/pool.ts", "../manager.ts"],
    ["src/face/queries.ts", "../config/index.ts"],
    ["src/database/database.ts", "../backends/sqlite/index.ts"],
    ["src/pool/pool.test.ts", "../connection/index.ts"],
    ["src/backends/sqlite/driver.ts", "../postgres/driver.ts"],
    ["src/backends/sqlite/driver.ts", "../../connection/index.ts"],
    ["src/backends/blocking/bridge.ts", "../sqlite/driver.ts"],
    ["src/integrations/fastify/index.ts", "../express/index.ts"],
    ["src/integrations/fastify/index.ts", "../../backends/sqlite/index.ts"],
    ["src/integrations/fastify/index.ts", "../../config/index.ts"],
    ["src/index.ts", "./testing/index.ts"],
  ])("refuses that %s imports %s", (from, to) => {
    expect(importing(from, to)).toEqual([expect.stringMatching(/^src\/.*:1 .* may not import src\//)]);
  });

  it.each([
    'export * from "../connection/index.ts";',
    'export { a } from "../connection/index.ts";',
    'import type { A } from "../connection/index.ts";',
    'import "../connection/index.ts";',
    'const a = () => import("../connection/index.ts");',
    'type A = import("../connection/index.ts").A;',
    "import {\n  a,\n} from '../connection/index.ts';",
  ])("sees %j", (code) => {
    expect(problemsOfCode(code)).toHaveLength(1);
  });

  it("does not take strings and comments for imports", () => {
    expect(
      problemsOfCode('// import x from "../connection/index.ts"\nconst a = \'from "../config/x.ts"\';'),
    ).toEqual([]);
  });

  it("wants a place for every folder", () => {
    expect(problemsOf({ "src/novelty/a.ts": "" })).toEqual([
      expect.stringContaining("src/novelty has no place in scripts/structure/layers.ts"),
    ]);
  });

  it("names each area once, and no area that does not exist", () => {
    const names = [...layers, ...otherAreas].map((area) => area.name);
    expect(new Set(names).size).toBe(names.length);
    for (const other of otherAreas) {
      for (const name of other.imports) expect([...names, "backends/blocking"]).toContain(name);
    }
  });
});

describe("casts", () => {
  it.each([
    "const a = b as string;",
    "const a = b as unknown as string;",
    "const a = f(b) as { c: 1 };",
    "const a = [] as string[];",
    "const a = {} as const satisfies B as C;",
    "const a = `x${b as string}y`;",
    'const a = "b" as A;',
    "for (const a of b as string[]) c(a);",
    "export const a = { b: c as D };",
  ])("refuses %j", (code) => {
    expect(problemsOfCode(code)).toContainEqual(expect.stringContaining("pool.ts:1 an `as` cast"));
  });

  it.each([
    "const a = [1] as const;",
    'import { a as b } from "node:fs";',
    'import d, { a as b } from "node:fs";',
    'import * as a from "node:fs";',
    'import type { A as B } from "node:fs";',
    "const a = 1;\nexport { a as b };",
    'export * as a from "./b.ts";',
    "type A<T> = { [K in keyof T as `x${string & K}`]: T[K] };",
    "const a = b.as(c); const d = { as: 1 }; d.as = 2;",
    "// as good as it gets\nconst a = 'as good as it gets';",
  ])("accepts %j", (code) => {
    expect(problemsOfCode(code)).toEqual([]);
  });

  it("counts the casts of a file that may hold some", () => {
    const path = "src/operation/operation.ts";
    expect(problemsOfCode("const a = b as string;", path)).toEqual([]);
    expect(problemsOfCode("const a = b as string;\nconst c = d as string;", path)).toHaveLength(2);
    expect(problemsOfCode("", path)).toEqual([expect.stringContaining("holds 0 casts and is allowed 1")]);
  });
});

describe("non-null assertions", () => {
  it.each(["a!.b();", "f(a[0]!);", "const b = f()!;", "let a!: string;", "a![0];"])("refuses %j", (code) => {
    expect(problemsOfCode(code)).toEqual([expect.stringContaining("pool.ts:1 a non-null assertion")]);
  });

  it.each(["if (!a) b();", "a !== b;", "a != b;", 'f("a!");', "/a!/.test(b);", "return !a;"])(
    "accepts %j",
    (code) => {
      expect(problemsOfCode(code)).toEqual([]);
    },
  );
});

describe("top-level await", () => {
  it.each([
    "await f();",
    "const a = await f();",
    "if (a) {\n  await f();\n}",
    "for await (const a of b) f(a);",
    "await using a = f();",
    "const a = async () => 1;\nawait a();",
    "async function f(): Promise<{ a: () => void }> {}\nawait f();",
    "const a = [async () => await f(), await g()];",
    "function f() {}\nconst a = { async b() {} };\nawait f();",
    "const a = `${await f()}`;",
  ])("refuses %j", (code) => {
    expect(problemsOfCode(code)).toEqual([expect.stringContaining("an `await` outside a function")]);
  });

  it.each([
    "async function f() { await g(); }",
    "async function* f<T extends () => void>(a = { b: 1 }): AsyncGenerator<{ c: T }> { for await (const d of a) yield d; }",
    "const f = async (a: A): Promise<{ b: 1 } | null> => { await a; };",
    "const f = async (a) => await g(a, await h());",
    "const f = async a => await a;",
    "class A { async #b(): Promise<void> { if (c) { await d(); } } }",
    "const a = { async [b]() { return `${await c()}`; } };",
    "f(async () => { const g = function* () {}; await g; });",
    "async function f() { const a = () => 1; await a(); }",
    "// await is a word\nconst a = { await: 1 }; a.await;",
  ])("accepts %j", (code) => {
    expect(problemsOfCode(code)).toEqual([]);
  });

  it("leaves tests and scripts alone", () => {
    expect(problemsOfCode("await f();", "src/pool/pool.test.ts")).toEqual([]);
    expect(problemsOfCode("await f();", "scripts/a.ts")).toEqual([]);
  });
});

describe("length", () => {
  it("refuses a file of more than 500 lines", () => {
    expect(problemsOfCode("f();\n".repeat(500))).toEqual([]);
    expect(problemsOfCode("f();\n".repeat(501))).toEqual([expect.stringContaining("501 lines")]);
  });
});

describe("missing unit tests", () => {
  const big = "const a = 1;\n".repeat(41);

  it.each([
    ["a source file of some size", { "src/sql/a.ts": big }, ["src/sql/a.ts"]],
    ["not one with a test", { "src/sql/a.ts": big, "src/sql/a.test.ts": "" }, []],
    ["not a small one", { "src/sql/a.ts": "const a = 1;\n\n// b\n".repeat(40) }, []],
    ["not one of types", { "src/sql/a.ts": "type A = 1;\n".repeat(41) }, []],
    ["not a script", { "scripts/a.ts": big }, []],
  ])("lists %s", (_, tree, expected) => {
    expect(findUntested(new Map(Object.entries(tree)))).toEqual(expected);
  });
});

describe("blankOut", () => {
  it.each([
    ['a("b\\"c"); // d', 'a("    ");     '],
    ["a('//'); b", "a('  '); b"],
    ["/* a\n b */ c", "    \n      c"],
    ["`a${b + `c${d}`}e`", "` ${b + ` ${d}`} `"],
    ["`${{ a: {} }}` + 'b'", "`${{ a: {} }}` + ' '"],
    ["a / b / c", "a / b / c"],
    ["a.match(/[/'\"]/g)", "a.match(/     /g)"],
    ["return /a'/.test(b) // c", "return /  /.test(b)     "],
    ["const a = 1 // 'b", "const a = 1      "],
    ["'unterminated\nb", "'            \nb"],
  ])("%j", (source, view) => {
    expect(blankOut(source)).toBe(view);
  });
});
