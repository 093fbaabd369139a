import { describe, expect, it } from "vitest";
import { commitsTransaction, effectOf, sessionSetup } from "./session.ts";

describe("what a statement may leave in the session", () => {
  it.each([
    "select 1",
    "  SELECT * FROM t WHERE a = ?",
    "(select 1) union (select 2)",
    "/* a comment */ -- another\n# a third\n insert into t values (?)",
    "update t set a = 1",
    "with a as (select 1) select * from a",
    "create table t (a int)",
    "alter table t add column a int",
    "start transaction",
    "commit",
    "savepoint a",
  ])("is nothing for %s", (text) => {
    expect(effectOf(text).leavesTraces).toBe(false);
  });

  it.each([
    "set time_zone = '+01:00'",
    "SET @a = 1",
    "use other",
    "/*x*/ lock tables t read",
    "call p()",
    "prepare s from 'select 1'",
    "handler t open",
    "select @a := 1",
    "select a into @b from t",
    "select get_lock('a', 1)",
    "create temporary table t (a int)",
    "",
  ])("is something for %s", (text) => {
    expect(effectOf(text).leavesTraces).toBe(true);
  });

  it("tells what may move a transaction, and what chooses another database", () => {
    expect(effectOf("insert into t values (1)")).toMatchObject({
      movesTransaction: false,
      changesDatabase: false,
    });
    expect(effectOf("call p()").movesTransaction).toBe(true);
    expect(effectOf("alter table t add a int").movesTransaction).toBe(true);
    expect(effectOf("USE `other`").changesDatabase).toBe(true);
    expect(effectOf("update user set a = 1").changesDatabase).toBe(false);
  });
});

describe("what commits a transaction by itself", () => {
  it.each([
    "create table t (a int)",
    "/* a */ ALTER TABLE t ADD a INT",
    "drop table t",
    "create or replace view v as select 1",
    "truncate t",
    "rename table a to b",
    "analyze table t",
    "analyze local table t",
    "lock tables t read",
    "start transaction",
    "begin",
    "set password = 'x'",
    "grant all on *.* to a",
  ])("is %s", (text) => {
    expect(commitsTransaction(text)).toBe(true);
  });

  it.each([
    "select 1",
    "insert into t values ('drop table t')",
    "-- create\n update t set a = 1",
    "create temporary table t (a int)",
    "create or replace temporary table t (a int)",
    "drop temporary table t",
    "analyze select 1",
    "begin not atomic select 1; end",
    "savepoint a",
    "set @a = 1",
    "commit",
    "",
  ])("is not %s", (text) => {
    expect(commitsTransaction(text)).toBe(false);
  });
});

describe("the session's setup", () => {
  it("names each flavour's exact collation, UTC and strict modes", () => {
    expect(sessionSetup("mariadb")).toContain("COLLATE utf8mb4_nopad_bin");
    expect(sessionSetup("mysql")).toContain("COLLATE utf8mb4_0900_bin");
    for (const flavour of ["mariadb", "mysql"] as const) {
      expect(sessionSetup(flavour)).toMatch(/time_zone = '\+00:00'.*STRICT_TRANS_TABLES/);
      expect(sessionSetup(flavour)).not.toMatch(/ANSI_QUOTES|BACKSLASH/);
    }
  });
});
