import { describe, expect, it } from "vitest";
import { ConfigurationError } from "./errors/index.ts";
import { findBackend, registerBackend } from "./registry.ts";
import { FakeDriver, fakeBackend } from "./testing/fake-driver.ts";

const named = (name: string, aliases: string[] = []) =>
  fakeBackend(() => new FakeDriver(), { name, aliases });

describe("findBackend", () => {
  it.each([
    ["postgres", "postgres"],
    ["postgresql", "postgres"],
    ["mysql", "mysql"],
    ["mariadb", "mysql"],
    ["sqlite", "sqlite"],
    ["SQLite", "sqlite"],
  ])("knows %s", (name, backend) => {
    expect(findBackend(name).name).toBe(backend);
  });

  it.each([["oracle"], [""], ["__proto__"], ["x".repeat(500)], [undefined], [42], [{}]])(
    "refuses %o, saying which there are",
    (name) => {
      const find = () => findBackend(name);
      expect(find).toThrow(ConfigurationError);
      expect(find).toThrow("one of postgres, mysql, sqlite");
      expect(find).toThrow(expect.objectContaining({ code: "STRATA_UNKNOWN_BACKEND" }));
      expect(find).not.toThrow("x".repeat(100));
    },
  );
});

describe("registerBackend", () => {
  it("adds a backend under all its names, whatever their case", () => {
    const backend = named("registry-one", ["registry-uno"]);
    registerBackend(backend);
    expect(findBackend("registry-one")).toBe(backend);
    expect(findBackend("REGISTRY-UNO")).toBe(backend);
    expect(() => findBackend("nothing")).toThrow("registry-one");
    expect(() => findBackend("nothing")).not.toThrow("registry-uno");
  });

  it("refuses a name that is taken, and then adds none of the names", () => {
    registerBackend(named("registry-two"));
    for (const [name, alias] of [
      ["registry-two", "registry-free"],
      ["registry-free", "registry-two"],
      ["registry-free", "sqlite"],
    ] as const) {
      expect(() => registerBackend(named(name, [alias]))).toThrow(ConfigurationError);
      expect(() => findBackend("registry-free")).toThrow("registry-free");
    }
  });
});
