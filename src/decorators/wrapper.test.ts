import { describe, expect, expectTypeOf, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { type Wrapper, wrapping } from "./wrapper.ts";

/** What a compiler's output hands to a method's decorator, as far as it is looked at. */
function methodContext(name: string): ClassMethodDecoratorContext {
  return {
    kind: "method",
    name,
    static: false,
    private: false,
    access: { has: () => true, get: () => () => undefined },
    addInitializer: () => {},
    metadata: {},
  };
}

const names: string[] = [];
const through: Wrapper = wrapping((name) => {
  names.push(name);
  return ({ run }) => run();
});

describe("a wrapped function", () => {
  it("keeps type, name, length, properties, arguments and answer", () => {
    function add(a: number, b: number): number {
      return a + b;
    }
    add.unit = "m";
    const wrapped = through(add);
    expectTypeOf(wrapped).toEqualTypeOf(add);
    expect(wrapped(1, 2)).toBe(3);
    expect([wrapped.name, wrapped.length, wrapped.unit]).toEqual(["add", 2, "m"]);
    expect(names.at(-1)).toBe("add");
  });

  it("keeps type parameters and a declared this", () => {
    const first = through(<T>(items: readonly T[]): T | undefined => items[0]);
    expectTypeOf(first(["a"])).toEqualTypeOf<string | undefined>();
    const counter = {
      count: 2,
      add: through(function (this: { count: number }, by: number) {
        this.count += by;
        return this.count;
      }),
    };
    expect(counter.add(3)).toBe(5);
    expect(counter.count).toBe(5);
  });

  it("answers at once when it does, and the promise's value when it promises", async () => {
    const promised = through(async (value: string) => value);
    expectTypeOf(promised).toEqualTypeOf<(value: string) => Promise<string>>();
    expect(through(() => 1)()).toBe(1);
    expect(await promised("x")).toBe("x");
  });

  it("has a name where it has none", () => {
    through(
      (
        () => () =>
          1
      )(),
    );
    expect(names.at(-1)).toBe("an unnamed function");
  });
});

describe("what is thrown around a wrapped function", () => {
  const refuse = (fn: () => unknown) =>
    wrapping(() => () => {
      throw new Error("refused");
    })(fn);

  it("is thrown to a caller who blocks", () => {
    expect(refuse(() => 1)).toThrow("refused");
  });

  it("is a rejection for one who awaits", async () => {
    await expect(refuse(async () => 1)()).rejects.toThrow("refused");
    await expect(refuse(through(async () => 1))()).rejects.toThrow("refused");
  });

  it("becomes one once the function has answered a promise", async () => {
    let refusing = false;
    const around = wrapping(() => ({ run }) => {
      if (refusing) throw new Error("refused");
      return run();
    });
    const fn = around(() => Promise.resolve(1));
    expect(await fn()).toBe(1);
    refusing = true;
    await expect(fn()).rejects.toThrow("refused");
  });
});

describe("as a decorator", () => {
  it("wraps a method, under the method's name", () => {
    class Counter {
      count = 1;
      next(by: number): number {
        this.count += by;
        return this.count;
      }
    }
    const wrapped = through(Counter.prototype.next, methodContext("next"));
    expect(names.at(-1)).toBe("next");
    expect(wrapped.call(new Counter(), 2)).toBe(3);
    expectTypeOf(wrapped).toEqualTypeOf<(by: number) => number>();
  });

  it.each(["class", "getter", "setter", "field", "accessor"])("refuses a %s", (kind) => {
    const context = { ...methodContext("x"), kind };
    expect(() => Reflect.apply(through, undefined, [() => 1, context])).toThrow(
      new ConfigurationError(`expected the decorator on a method, got it on a ${kind}`),
    );
  });

  it("refuses to be called the experimental way", () => {
    expect(() => Reflect.apply(through, undefined, [{}, "name", {}])).toThrow(/experimentalDecorators/);
  });
});

describe("what cannot be wrapped", () => {
  it.each([undefined, null, 1, {}])("%s", (value) => {
    expect(() => Reflect.apply(through, undefined, [value])).toThrow(ConfigurationError);
  });

  it("generators", () => {
    function* rows() {
      yield 1;
    }
    async function* asyncRows() {
      yield 1;
    }
    expect(() => through(rows)).toThrow(/got the generator rows/);
    expect(() => through(asyncRows)).toThrow(/got the generator asyncRows/);
  });
});
