import { describe, expect, it } from "vitest";
import { mysqlSyntax, postgresSyntax, sqliteSyntax } from "./syntaxes.ts";
import { translate } from "./translate.ts";

const shape = (sql: string) => translate(sql, postgresSyntax);

describe("verb", () => {
  it.each([
    ["SELECT 1", "SELECT"],
    ["  -- a\n /* b */ insert into t", "INSERT"],
    ["((select 1) union select 2)", "SELECT"],
    ["PRAGMA user_version", "PRAGMA"],
    ["vacuum", "VACUUM"],
    [";select 1", "SELECT"],
    ["[a] = 1", ""],
    ["? + 1", ""],
    ["'a' word", ""],
    ["", ""],
  ])("%j begins with %j", (sql, verb) => {
    expect(shape(sql).verb).toBe(verb);
  });
});

describe("readOnly", () => {
  it.each([
    "SELECT * FROM t WHERE a IN (1, 2) AND (b = ?)",
    "select count(*), max (a), coalesce(b, lower(c)) from t",
    "SELECT update_count, [delete] FROM t -- INSERT",
    "SELECT 'INSERT', \"UPDATE\" FROM t",
    "SELECT * FROM (VALUES (1), (2)) AS v(x)",
    "SELECT CAST(a AS numeric(10, 2)), substring(a FROM 1 FOR 2) FROM t;",
    "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t",
    "VALUES (1)",
    "TABLE t",
    "SHOW server_version",
    "EXPLAIN SELECT 1",
    "EXPLAIN (ANALYZE, BUFFERS) SELECT 1",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x), [y] (m) AS (SELECT 2) SELECT count(*) FROM x",
    "WITH x AS MATERIALIZED (SELECT 1) VALUES (1)",
    "SELECT pg_sleep(1)",
  ])("%s", (sql) => {
    expect(shape(sql).readOnly).toBe(true);
  });

  it.each([
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t FOR NO KEY UPDATE",
    "SELECT * FROM t FOR SHARE",
    "SELECT * FROM t for key share",
    "SELECT * FROM t LOCK IN SHARE MODE",
    "SELECT * INTO u FROM t",
    "SELECT nextval('s')",
    "SELECT my_function(1)",
    'SELECT "lower"(a)',
    "SELECT [lower](a)",
    "SELECT app.lower(a)",
    "SELECT * FROM make_rows(1)",
    "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
    "WITH x AS (SELECT 1) UPDATE t SET a = 1",
    "WITH x AS (SELECT nextval('s')) SELECT * FROM x",
    "WITH x AS (SELECT 1)",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN ANALYZE CREATE TABLE u AS SELECT 1",
    "EXPLAIN ANALYZE EXECUTE s",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE t",
    "INSERT INTO t VALUES (1)",
    "PRAGMA user_version",
    "CALL f()",
    "BEGIN",
    "a = 1",
    "",
  ])("not %j", (sql) => {
    expect(shape(sql).readOnly).toBe(false);
  });

  it("is doubtful of what MySQL may run", () => {
    expect(translate("SELECT 1 /*! INTO OUTFILE '/tmp/x' */", mysqlSyntax).readOnly).toBe(false);
    expect(translate("SELECT @a := 1", mysqlSyntax).readOnly).toBe(false);
  });
});

describe("multiple", () => {
  it.each([
    ["SELECT 1", false],
    ["SELECT 1;", false],
    ["SELECT 1; -- done\n /* really */ ;", false],
    ["SELECT ';'", false],
    ["SELECT 1; SELECT 2", true],
    ["SELECT 1; )", true],
    ["SELECT 1; (", true],
    ["SELECT 1; 'a'", true],
    [
      "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = CASE b WHEN 1 THEN 2 END; SELECT 1; END;",
      false,
    ],
    ["CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END; DROP TABLE t", true],
    [
      "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; LOOP x; END LOOP; CASE a WHEN 1 THEN b; END CASE; END",
      false,
    ],
    ["CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; END; DROP TABLE t", true],
    ["BEGIN NOT ATOMIC SELECT 1; SELECT 2; END", false],
    ["BEGIN; SELECT 1", true],
    ["CREATE TABLE t (a); DROP TABLE t", true],
    ["SELECT 1 AS trigger; BEGIN; END", true],
  ])("%s: %s", (sql, multiple) => {
    expect(translate(sql, sqliteSyntax).multiple).toBe(multiple);
  });

  it("is true of what MySQL may run", () => {
    expect(translate("SELECT 1; /*! DROP TABLE t */", mysqlSyntax).multiple).toBe(true);
    expect(translate("SELECT 1 /*! ; DROP TABLE t */", mysqlSyntax).multiple).toBe(true);
  });
});

describe("balanced", () => {
  it.each([
    ["(a) AND (b)", true],
    ["')' AND (a /* ) */)", true],
    ["a) OR (b", false],
    ["(a", false],
    ["a)", false],
  ])("%s: %s", (sql, balanced) => {
    expect(shape(sql).balanced).toBe(balanced);
  });

  it("is false of what MySQL may run", () => {
    expect(translate("a = 1 /*! ) OR ( */", mysqlSyntax).balanced).toBe(false);
    expect(translate("a = 1 /* ) OR ( */", mysqlSyntax).balanced).toBe(true);
  });
});
