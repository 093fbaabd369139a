import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../errors/index.ts";
import { loadDriver, loadWith } from "./loading.ts";

function failure(work: () => unknown): ConfigurationError {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("expected a ConfigurationError");
}

describe("loading better-sqlite3", () => {
  it("loads it once", () => {
    expect(loadDriver().version).toMatch(/^13\./);
    expect(loadDriver()).toBe(loadDriver());
  });

  it("refuses an old Node before it loads anything", () => {
    const asked: string[] = [];
    const error = failure(() => loadWith((name) => asked.push(name), "20.20.0"));
    expect(error.code).toBe("STRATA_RUNTIME_UNSUPPORTED");
    expect(error.message).toContain("22");
    expect(error.message).toContain("20.20.0");
    expect(asked).toEqual([]);
  });

  it("names the install command when the package is missing", () => {
    const missing = Object.assign(new Error("Cannot find module"), { code: "MODULE_NOT_FOUND" });
    const error = failure(() =>
      loadWith(() => {
        throw missing;
      }, "24.0.0"),
    );
    expect(error.code).toBe("STRATA_DRIVER_MISSING");
    expect(error.message).toContain("npm install better-sqlite3");
    expect(error.cause).toBe(missing);
  });

  it("refuses a package that is something else", () => {
    expect(failure(() => loadWith(() => ({}), "24.0.0")).code).toBe("STRATA_DRIVER_MISSING");
  });
});
