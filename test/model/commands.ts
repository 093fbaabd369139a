import fc from "fast-check";

type Values = Record<string, unknown>;

/** Ids that differ as little as ids may, and `made`: the last record that was given an id by the store. */
export const ids = ["a", "A", "a ", "é", "made"] as const;
export type Id = (typeof ids)[number];

interface Write {
  readonly by: string | undefined;
  readonly comment: string | undefined;
  /** Whether user and comment come from `withContext` and not from the call. */
  readonly ambient: boolean;
  readonly expected: number | undefined;
}

/** One thing that a caller may do. Any sequence of them makes sense. */
export type Command =
  | ({ readonly do: "save"; readonly id: Id | undefined; readonly values: Values } & Write)
  | ({
      readonly do: "save many";
      readonly records: readonly { readonly id: Id | undefined; readonly values: Values }[];
    } & Write)
  /** Reads a record and saves it again, changed; or the one that was read so before, which may be stale. */
  | ({ readonly do: "save as read"; readonly id: Id; readonly values: Values; readonly old: boolean } & Write)
  | ({
      readonly do: "delete";
      readonly id: Id;
      readonly permanent: boolean;
      readonly purgeHistory: boolean;
    } & Write)
  | ({ readonly do: "restore"; readonly id: Id } & Write)
  | ({ readonly do: "revert"; readonly id: Id; readonly version: number } & Write)
  | { readonly do: "make u unique" }
  | {
      readonly do: "prune";
      readonly keep: number;
      readonly batch: number;
      readonly until: number | undefined;
    }
  | { readonly do: "read version"; readonly id: Id; readonly version: number }
  | { readonly do: "read past"; readonly id: Id; readonly until: number; readonly includeDeleted: boolean }
  | { readonly do: "compare"; readonly id: Id; readonly from: number; readonly to: number }
  | {
      readonly do: "find";
      readonly least: number;
      readonly descending: boolean;
      readonly limit: number | undefined;
      readonly offset: number | undefined;
      readonly includeDeleted: boolean;
    }
  | {
      readonly do: "transaction";
      readonly commands: readonly Command[];
      readonly end: "commit" | "throw";
      /** Whether the commands inside go to the outer handle, and find the transaction by themselves. */
      readonly outerHandle: boolean;
    };

const text = fc.oneof(
  fc
    .string({ unit: "grapheme", maxLength: 12 })
    .filter((made) => !made.includes("\0") && made.isWellFormed()),
  fc.constantFrom("", " ", "a ", "007", "null", "true", '{"a":1}', "it's ? :x [y] -- /*", "ä".repeat(300)),
);
const integer = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(-0, 2 ** 53 - 1, -(2 ** 53) + 1));
/** Such as every database and JavaScript write with the same digits. */
const fraction = fc.constantFrom(0.5, -2.25, 0.1, 0.1 + 0.2, 123456.789, 1e21, 1e300, 1e-7, 2 ** 60);
const bigint = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(0n, 5n, -1n));
const wideBigint = fc.constantFrom(2n ** 63n, -(2n ** 70n), 10n ** 64n);
const date = fc.oneof(
  fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
  fc.constantFrom(new Date(0), new Date("2024-03-10T02:30:00.000Z"), new Date("1969-12-31T23:59:59.999Z")),
);
const bytes = fc.uint8Array({ maxLength: 9 });

const { node: json } = fc.letrec((tie) => ({
  leaf: fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null), date, bigint, wideBigint, bytes),
  value: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("node")),
  node: fc.oneof(
    { depthSize: "small" },
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("x", "a b", "$type", "[c]", "👍"), tie("value"), { noNullPrototype: true }),
    fc.array(tie("value"), { maxLength: 3 }).map((list) => new Set(list)),
    fc.array(fc.tuple(text, tie("value")), { maxLength: 2 }).map((pairs) => new Map(pairs)),
  ),
}));

/** Each field leads to other kinds and widenings; what has no key is not given. */
const values: fc.Arbitrary<Values> = fc.record(
  {
    k: fc.option(fc.integer({ min: -5, max: 5 })),
    n: fc.oneof({ weight: 6, arbitrary: integer }, fraction, bigint, wideBigint, fc.constant(null)),
    t: fc.oneof(text, fc.constant(null), fc.constant(undefined)),
    j: fc.oneof(json, fc.constant(null)),
    d: fc.option(date),
    b: fc.option(fc.boolean()),
    y: fc.option(bytes),
    u: fc.option(fc.integer({ min: 1, max: 3 })),
    // Anything whose text is the same everywhere: objects with keys are spaced differently by PostgreSQL.
    x: fc.oneof(
      text,
      integer,
      fraction,
      bigint,
      wideBigint,
      date,
      bytes,
      fc.boolean(),
      fc.constantFrom(null, []),
    ),
    late: fc.oneof(integer, text, fc.constant(null)),
  },
  { requiredKeys: [] },
);

const few: fc.Arbitrary<Values> = fc.oneof(
  values,
  fc.record({ k: fc.integer({ min: -2, max: 2 }) }),
  fc.record({ u: fc.option(fc.integer({ min: 1, max: 2 })) }, { requiredKeys: [] }),
);

const id = fc.constantFrom(...ids);
const saveId = fc.oneof({ weight: 5, arbitrary: id }, fc.constant(undefined));
const version = fc.integer({ min: 1, max: 6 });
const moment = fc.integer({ min: 0, max: 40 });
const write = {
  by: fc.constantFrom(undefined, "ann", "bob"),
  comment: fc.constantFrom(undefined, "because", ""),
  ambient: fc.boolean(),
  expected: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, fc.integer({ min: 0, max: 4 })),
};

const single: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("save" as const), id: saveId, values: few, ...write }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("save many" as const),
      records: fc.array(fc.record({ id: saveId, values: few }), { maxLength: 4 }),
      ...write,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("save as read" as const),
      id,
      values: few,
      old: fc.boolean(),
      ...write,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("delete" as const),
      id,
      permanent: fc.boolean(),
      purgeHistory: fc.boolean(),
      ...write,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("restore" as const), id, ...write }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("revert" as const), id, version, ...write }) },
  fc.record({
    do: fc.constant("prune" as const),
    keep: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 4 }),
    until: fc.option(moment, { nil: undefined }),
  }),
  fc.record({ do: fc.constant("read version" as const), id, version }),
  fc.record({ do: fc.constant("read past" as const), id, until: moment, includeDeleted: fc.boolean() }),
  fc.record({ do: fc.constant("compare" as const), id, from: version, to: version }),
  fc.record({
    do: fc.constant("find" as const),
    least: fc.integer({ min: -5, max: 5 }),
    descending: fc.boolean(),
    limit: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
    offset: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
    includeDeleted: fc.boolean(),
  }),
);

const transaction = (inside: fc.Arbitrary<Command>): fc.Arbitrary<Command> =>
  fc.record({
    do: fc.constant("transaction" as const),
    commands: fc.array(inside, { maxLength: 5 }),
    end: fc.constantFrom("commit" as const, "throw" as const),
    outerHandle: fc.boolean(),
  });

const unconditional = { by: undefined, comment: undefined, ambient: false, expected: undefined } as const;

/** Most of what a unique index can do shows only once there are records with values in it. */
const unique: readonly Command[] = [
  { do: "save", id: "a", values: { u: 1 }, ...unconditional },
  { do: "make u unique" },
];

const conflict: fc.Arbitrary<Command> = fc.record({
  do: fc.constant("save" as const),
  id: saveId,
  values: fc.record({ u: fc.integer({ min: 1, max: 2 }) }),
  ...write,
  expected: fc.constant(undefined),
});

const scripts = (command: fc.Arbitrary<Command>): fc.Arbitrary<readonly Command[]> =>
  fc.array(
    fc.oneof(
      { weight: 12, arbitrary: command },
      {
        weight: 4,
        arbitrary: transaction(fc.oneof({ weight: 5, arbitrary: command }, transaction(command))),
      },
      fc.constant({ do: "make u unique" } as const),
    ),
    { maxLength: 14 },
  );

export const commands: fc.Arbitrary<readonly Command[]> = fc.oneof(
  { weight: 3, arbitrary: scripts(single) },
  scripts(fc.oneof({ weight: 2, arbitrary: single }, conflict)).map((script) => [...unique, ...script]),
);
