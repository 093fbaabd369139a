import { describe, expect, it } from "vitest";
import { sqliteBackend } from "../../backends/sqlite/index.ts";
import { type ConformanceCase, skipReason } from "./case.ts";
import { type ConformanceRunner, defineConformance } from "./define.ts";
import { conformanceGroups } from "./groups.ts";
import { runConformance } from "./report.ts";
import type { ConformanceSubject } from "./subject.ts";

class Refusal extends Error {}

/** A test runner that notes the tests with their paths, and runs what it is told to. */
class NotingRunner implements ConformanceRunner {
  readonly tests = new Map<string, () => Promise<void>>();
  readonly skipped: string[] = [];
  readonly hooks: string[] = [];
  #path: string[] = [];

  readonly describe = (name: string, body: () => void): void => {
    this.#path.push(name);
    body();
    this.#path.pop();
  };
  readonly it = Object.assign(
    (name: string, body: () => Promise<void>) => void this.tests.set([...this.#path, name].join(" > "), body),
    { skip: (name: string) => void this.skipped.push([...this.#path, name].join(" > ")) },
  );
  readonly beforeAll = (): void => void this.hooks.push(`before ${this.#path.join()}`);
  readonly afterAll = (): void => void this.hooks.push(`after ${this.#path.join()}`);
}

/** A backend whose database refuses every connection. */
const subject: ConformanceSubject = {
  backend: sqliteBackend,
  prepare: () => ({
    open() {
      throw new Refusal();
    },
  }),
};
const allCases = conformanceGroups.flatMap(({ cases }) => cases);

function defined(options: Partial<ConformanceSubject> = {}): NotingRunner {
  const runner = new NotingRunner();
  defineConformance(runner, { ...subject, ...options });
  return runner;
}

describe("the conformance cases", () => {
  it("have names of their own in each group", () => {
    for (const { cases } of conformanceGroups)
      expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it("are skipped for what a backend lacks, with the reason, and never for what it has", () => {
    const { capabilities } = sqliteBackend;
    const testCase: ConformanceCase = { name: "x", needs: ["savepoints", "partialIndexes"], *run() {} };
    expect(skipReason(testCase, capabilities)).toBeUndefined();
    expect(skipReason(testCase, { ...capabilities, partialIndexes: false })).toBe(
      "needs partialIndexes: its indexes cannot leave out deleted records",
    );
    const other: ConformanceCase = { ...testCase, skip: () => "it is odd" };
    expect(skipReason(other, capabilities)).toBe("it is odd");
  });

  it("hold for a backend that can do everything, but for those about what it lacks", () => {
    const able = {
      ...sqliteBackend.capabilities,
      isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"] as const,
    };
    expect(allCases.filter((each) => skipReason(each, able) !== undefined).length).toBeLessThan(10);
  });
});

describe("defineConformance", () => {
  it("makes a test or a skipped test of each case, on each face", () => {
    const { tests, skipped, hooks } = defined();
    expect(tests.size + skipped.length).toBe(2 * allCases.length);
    const names = [...tests.keys()];
    expect(names.filter((name) => name.startsWith("sqlite/async > "))).toHaveLength(tests.size / 2);
    expect(names.filter((name) => name.startsWith("sqlite/sync > "))).toHaveLength(tests.size / 2);
    expect(hooks).toEqual([
      "before sqlite/async",
      "after sqlite/async",
      "before sqlite/sync",
      "after sqlite/sync",
    ]);
  });

  it("says in the name why a case is skipped", () => {
    const before = defined().skipped;
    const { skipped } = defined({ name: "mine", faces: ["sync"], capabilities: { savepoints: false } });
    expect(skipped.every((name) => /^mine\/sync > .* \(.+\)$/.test(name))).toBe(true);
    const forSavepoints = skipped.filter((name) => name.includes("(needs savepoints: "));
    expect(forSavepoints.length).toBe(allCases.filter(({ needs }) => needs?.includes("savepoints")).length);
    expect(before.filter((name) => name.includes("savepoints"))).toEqual([]);
  });

  it("fails a test whose database was not prepared", async () => {
    const [run] = defined().tests.values();
    await expect(run?.()).rejects.toThrow("prepare has failed");
  });
});

describe("runConformance", () => {
  it("goes on after a failure, and reports every case once", async () => {
    const disposed: string[] = [];
    const report = await runConformance({
      ...subject,
      faces: ["async"],
      capabilities: { savepoints: false },
      prepare: async (face) => ({
        ...(await subject.prepare(face)),
        dispose: () => void disposed.push(face),
      }),
    });
    const { passed, failed, skipped } = report;
    expect(passed.length + failed.length + skipped.length).toBe(allCases.length);
    expect(failed.length).toBeGreaterThan(50);
    expect(failed.every(({ error }) => error instanceof Refusal)).toBe(true);
    expect(skipped).toContainEqual({
      subject: "sqlite/async",
      group: "transactions",
      name: "goes on after a failed statement in a nested transaction",
      reason: "needs savepoints: a transaction cannot be rolled back in part",
    });
    expect(disposed).toEqual(["async"]);
  });
});
