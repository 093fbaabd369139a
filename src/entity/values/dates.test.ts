import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { checkDate, isIsoText, isoText, parseDate } from "./dates.ts";

const first = new Date("0001-01-01T00:00:00.000Z");
const last = new Date("9999-12-31T23:59:59.999Z");

describe("checkDate", () => {
  it.each([first, last, new Date(0), new Date(-1)])("accepts %j", (date) => {
    expect(checkDate(date, "due")).toBe(date);
  });

  it.each([
    new Date(Number.NaN),
    new Date(first.getTime() - 1),
    new Date(last.getTime() + 1),
    new Date(8.64e15),
  ])("refuses %s", (date) => {
    expect(() => checkDate(date, "due")).toThrow(ValidationError);
    expect(() => checkDate(date, "due")).toThrow(/^due: expected a Date in the years 1 to 9999/);
  });
});

describe("parseDate", () => {
  it.each([
    ["2024-05-01T10:00:00.123Z", "2024-05-01T10:00:00.123Z"],
    ["2024-05-01 10:00:00.123456", "2024-05-01T10:00:00.123Z"],
    ["2024-05-01 10:00:00.1", "2024-05-01T10:00:00.100Z"],
    ["2024-05-01 10:00:00", "2024-05-01T10:00:00.000Z"],
    ["2024-05-01 10:00:00+00", "2024-05-01T10:00:00.000Z"],
    ["2024-05-01 10:00:00.5+02", "2024-05-01T08:00:00.500Z"],
    ["2024-05-01 10:00:00-0930", "2024-05-01T19:30:00.000Z"],
    ["2024-05-01T10:00:00+05:45", "2024-05-01T04:15:00.000Z"],
    ["0001-01-01 00:00:00", "0001-01-01T00:00:00.000Z"],
    ["0099-01-01 00:00:00", "0099-01-01T00:00:00.000Z"],
    ["9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999Z"],
    ["2024-02-29 00:00:00", "2024-02-29T00:00:00.000Z"],
  ])("reads %s", (text, iso) => {
    expect(parseDate(text)?.toISOString()).toBe(iso);
  });

  it.each([
    "",
    "yesterday",
    "2024-05-01",
    "2024-13-01 00:00:00",
    "2023-02-29 00:00:00",
    "2024-02-30T00:00:00.000Z",
    "2024-05-01 25:00:00",
    "0000-00-00 00:00:00",
    "2024-05-01 10:00:00 BC",
    "infinity",
    "1714557600000",
  ])("answers null for %j", (text) => {
    expect(parseDate(text)).toBeNull();
  });

  it("reads every canonical text, and the server's form of it, in every time zone", () => {
    const zone = process.env.TZ;
    try {
      for (const tz of ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"]) {
        process.env.TZ = tz;
        fc.assert(
          fc.property(fc.date({ min: first, max: last, noInvalidDate: true }), (date) => {
            const text = isoText(date, "due");
            expect(isIsoText(text)).toBe(true);
            expect(parseDate(text)).toEqual(date);
            expect(parseDate(text.replace("T", " ").replace("Z", "456"))).toEqual(date);
            expect(parseDate(text.replace("T", " ").replace("Z", "+00"))).toEqual(date);
          }),
        );
      }
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});

describe("isIsoText", () => {
  it("knows only the canonical form", () => {
    expect(isIsoText("2024-05-01T10:00:00.123Z")).toBe(true);
    expect(isIsoText("2024-05-01 10:00:00.123Z")).toBe(false);
    expect(isIsoText("2024-05-01T10:00:00.12Z")).toBe(false);
  });
});
