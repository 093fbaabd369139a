/** The records that the benchmarks of servers save, and the columns of their tables. */
export const person = (n: number) => ({ name: `Person ${n}`, age: n % 90, city: "Oslo" });
export type Person = ReturnType<typeof person>;

/** There are a thousand of them. */
export const idOf = (n: number) => `p${n % 1000}`;
export const people = Array.from({ length: 1000 }, (_, n) => ({ id: idOf(n), ...person(n) }));

export const author = { userId: "bench" };

export const columns =
  "id, name, age, city, created_at, created_by, updated_at, updated_by, deleted_at, version";
export const historyColumns =
  "history_timestamp, history_user_id, history_comment, history_operation, history_write_id";

/** The point select of all of them, as portable SQL. */
export const portable = "SELECT [id], [name], [age], [city] FROM [people] WHERE [id] = ?";
