import { describe, expect, it } from "vitest";
import { forgetsStatements, neededSettings, traceOf } from "./session.ts";

describe("traceOf", () => {
  it.each([
    ["select 1", "SELECT 1", "nothing"],
    ["update t set a = 1", "UPDATE 1", "nothing"],
    ["select pg_advisory_xact_lock(1)", "SELECT 1", "nothing"],
    ["create table t (a int)", "CREATE TABLE", "nothing"],
    ["set search_path = x", "SET", "settings"],
    ["listen c", "LISTEN", "settings"],
    ["declare c cursor with hold for select 1", "DECLARE CURSOR", "settings"],
    ["do $$ begin end $$", "DO", "settings"],
    ["select set_config('a.b', 'c', false)", "SELECT 1", "settings"],
    ["select PG_TRY_ADVISORY_LOCK(1)", "SELECT 1", "settings"],
    ["create temp table t (a int)", "CREATE TABLE", "settings"],
    ["prepare p as select 1", "PREPARE", "statements"],
    ["deallocate all", "DEALLOCATE ALL", "statements"],
    ["discard all", "DISCARD ALL", "statements"],
  ])('"%s" (%s) leaves behind: %s', (text, tag, trace) => {
    expect(traceOf(text, tag)).toBe(trace);
  });

  it("knows what takes our statements away", () => {
    expect(["DISCARD ALL", "DEALLOCATE ALL", "DEALLOCATE", "DISCARD TEMP"].map(forgetsStatements)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("neededSettings", () => {
  it("asks for nothing where the server has what is needed, or does not say", () => {
    expect(neededSettings(new Map())).toBe("");
    expect(neededSettings(new Map([["DateStyle", "ISO, DMY"]]))).toBe("");
  });

  it("asks for ISO dates and for strings without backslashes", () => {
    const reported = new Map([
      ["DateStyle", "German, DMY"],
      ["standard_conforming_strings", "off"],
    ]);
    expect(neededSettings(reported)).toBe("SET DateStyle = 'ISO'; SET standard_conforming_strings = on");
  });
});
