/**
 * What portable SQL costs: `node bench/sql.ts`. The budgets are 5 µs for a statement of 200 characters that is
 * translated anew, and 100 ns for one that was seen before.
 */
import { bench, boxplot, do_not_optimize, run, summary } from "mitata";
import {
  mysqlSyntax,
  postgresSyntax,
  SqlTranslator,
  StatementCache,
  sqliteSyntax,
  translate,
} from "../src/sql/index.ts";

const sql =
  "SELECT [u].[id], [u].[name], count(*) AS [orders] FROM [users] AS [u] JOIN [orders] AS [o] ON [o].[user_id] = [u].[id] " +
  "WHERE [u].[age] > ? AND [u].[city] IN (?) AND [o].[state] = 'paid' ORDER BY 3 LIMIT ?";
const plain =
  "SELECT u.id, u.name, count(*) AS orders FROM users AS u JOIN orders AS o ON o.user_id = u.id /* no marker at all */ " +
  "WHERE u.age > 25 AND u.city IN ('Bern', 'Paris', 'Rome') AND o.state = 'paid' ORDER BY 3 LIMIT 10 ";
const named = sql.replace("?", ":age").replace("?", ":cities").replace("?", ":limit");

console.log(`statements of ${sql.length}, ${plain.length} and ${named.length} characters`);

const syntaxes = [sqliteSyntax, postgresSyntax, mysqlSyntax];
for (const syntax of syntaxes) {
  bench(`translate anew, ${syntax.name}`, () => do_not_optimize(translate(sql, syntax)));
}
bench("translate anew, postgres, no marker", () => do_not_optimize(translate(plain, postgresSyntax)));
bench("translate anew, postgres, by name", () => do_not_optimize(translate(named, postgresSyntax)));

const translator = new SqlTranslator(postgresSyntax, (value) => value);
const statements = Array.from({ length: 64 }, (_, index) => `${sql} /* ${index} */`);
for (const statement of statements) translator.translate(statement);
let turn = 0;
bench("translate again, one text", () => do_not_optimize(translator.translate(sql)));
bench("translate again, 64 texts in turn", () =>
  do_not_optimize(translator.translate(statements[turn++ & 63] ?? "")),
);

const translation = translator.translate(sql);
const byName = translator.translate(named);
const values = [25, "Bern", 10];
const lists = [25, ["Bern", "Paris", "Rome"], 10];
const names = { age: 25, cities: "Bern", limit: 10 };
bench("bind 3 values", () => do_not_optimize(translator.bind(translation, values)));
bench("bind 3 values by name", () => do_not_optimize(translator.bind(byName, names)));
bench("bind 3 values with a list", () => do_not_optimize(translator.bind(translation, lists)));

const cache = new StatementCache<number>();
const trueLru = new Map<string, number>();
for (const [index, statement] of statements.entries()) {
  cache.put(statement, index);
  trueLru.set(statement, index);
}
boxplot(() => {
  summary(() => {
    bench("StatementCache.get, 64 keys in turn", () =>
      do_not_optimize(cache.get(statements[turn++ & 63] ?? "")),
    );
    bench("a Map that moves each hit to its end", () => {
      const key = statements[turn++ & 63] ?? "";
      const value = trueLru.get(key);
      trueLru.delete(key);
      if (value !== undefined) trueLru.set(key, value);
      do_not_optimize(value);
    });
  });
});

const full = new StatementCache<number>({ initialSize: 500, autoResize: false });
const fresh = Array.from({ length: 4096 }, (_, index) => `SELECT ${index}`);
bench("StatementCache.put that evicts", () => full.put(fresh[turn++ & 4095] ?? "", turn));

await run();
