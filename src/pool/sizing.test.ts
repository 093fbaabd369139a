import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { suggestPoolSize } from "./sizing.ts";

describe("suggestPoolSize", () => {
  it.each([
    [
      { cores: 4, serverMaxConnections: 100, processes: 1 },
      { maxSize: 9, maxOverflow: 9 },
    ],
    [
      { cores: 4, serverMaxConnections: 100, processes: 4 },
      { maxSize: 3, maxOverflow: 3 },
    ],
    [
      { cores: 32, serverMaxConnections: 40, processes: 2 },
      { maxSize: 18, maxOverflow: 0 },
    ],
    [
      { cores: 1, serverMaxConnections: 100, processes: 90 },
      { maxSize: 1, maxOverflow: 0 },
    ],
  ])("for %j", (facts, size) => {
    expect(suggestPoolSize(facts)).toEqual(size);
  });

  it("never lets all processes together exceed what the server accepts", () => {
    for (let processes = 1; processes <= 87; processes += 1) {
      const { maxSize, maxOverflow } = suggestPoolSize({ cores: 64, serverMaxConnections: 100, processes });
      expect((maxSize + maxOverflow) * processes).toBeLessThanOrEqual(90);
    }
  });

  it("refuses facts that cannot be, and a server that is too small", () => {
    const facts = { cores: 4, serverMaxConnections: 100, processes: 1 };
    expect(() => suggestPoolSize({ ...facts, cores: 0 })).toThrow(ConfigurationError);
    expect(() => suggestPoolSize({ ...facts, processes: Number.NaN })).toThrow(/"processes".*got NaN/);
    expect(() => suggestPoolSize({ ...facts, processes: 91 })).toThrow(/a connection after 10 are reserved/);
  });
});
