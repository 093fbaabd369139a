import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NamedStatements } from "./statements.ts";

describe("NamedStatements", () => {
  it("answers the same statement for the same text, and evicts the one used longest ago", () => {
    const statements = new NamedStatements(2);
    const a = statements.use("a");
    const b = statements.use("b");
    expect(statements.use("a")).toBe(a);
    statements.use("c");
    expect(statements.takeUnwanted()).toEqual([b?.name]);
    expect(statements.takeUnwanted()).toEqual([]);
    expect(statements.use("a")).toBe(a);
    expect(statements.use("b")?.name).not.toBe(b?.name);
  });

  it("names nothing with a limit of 0", () => {
    expect(new NamedStatements(0).use("a")).toBeNull();
  });

  it("never exceeds its limit on the server, and never uses a name twice", () => {
    const command = fc.record({ text: fc.constantFrom("a", "b", "c", "d", "e"), drop: fc.boolean() });
    fc.assert(
      fc.property(fc.array(command), fc.integer({ min: 1, max: 4 }), (commands, limit) => {
        const statements = new NamedStatements(limit);
        const server = new Map<string, string>();
        for (const { text, drop } of commands) {
          const statement = statements.use(text);
          for (const name of statements.takeUnwanted()) server.delete(name);
          if (statement === null) throw new Error("expected a statement");
          expect(server.get(statement.name) ?? text).toBe(text);
          server.set(statement.name, text);
          if (drop) statements.drop(statement);
        }
        for (const name of statements.takeUnwanted()) server.delete(name);
        expect(server.size).toBe(statements.size);
        expect(server.size).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it("forgets all when the server has", () => {
    const statements = new NamedStatements(5);
    const a = statements.use("a");
    if (a !== null) statements.drop(a);
    statements.use("b");
    statements.clear();
    expect(statements.size).toBe(0);
    expect(statements.takeUnwanted()).toEqual([]);
  });
});
