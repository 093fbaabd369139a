import { describe, expect, it } from "vitest";
import { closestName } from "./suggest.ts";

const names = ["host", "port", "database", "connectionAcquisitionTimeout", "maxSize", "minSize"];

describe("closestName", () => {
  it.each([
    ["hots", "host"],
    ["prot", "port"],
    ["databse", "database"],
    ["conectionAquisitionTimeout", "connectionAcquisitionTimeout"],
    ["connection_acquisition_timeout", "connectionAcquisitionTimeout"],
    ["max_size", "maxSize"],
    ["isolation", undefined],
    ["ssl", undefined],
    ["", undefined],
  ])("%s: %s", (wrong, expected) => {
    expect(closestName(wrong, names)).toBe(expected);
  });
});
