import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { Serializers } from "./serializers.ts";

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
class Tax extends Money {}

const toText = (value: Money) => String(value.cents);
const fromText = (text: string) => new Money(Number(text));

function withMoney(): Serializers {
  const serializers = new Serializers();
  serializers.register("Money", toText, fromText);
  return serializers;
}

describe("Serializers", () => {
  it("finds a type by its constructor's name", () => {
    const serializers = withMoney();
    expect(serializers.find(new Money(1))?.typeName).toBe("Money");
    expect(serializers.find(new Tax(1))).toBeUndefined();
    expect(serializers.find({})).toBeUndefined();
    expect(serializers.find(Object.create(null))).toBeUndefined();
    expect(new Serializers().find(new Money(1))).toBeUndefined();
    expect(new Serializers().isEmpty).toBe(true);
    expect(serializers.isEmpty).toBe(false);
  });

  it("finds a type by its class, and by asking", () => {
    const byClass = new Serializers();
    byClass.register("money", { class: Money, serialize: toText, deserialize: fromText });
    expect(byClass.find(new Tax(1))?.typeName).toBe("money");
    const asked = new Serializers();
    asked.register("point", {
      is: (value) => "x" in value,
      serialize: (value: { x: number }) => String(value.x),
      deserialize: (text) => ({ x: Number(text) }),
    });
    expect(asked.find({ x: 1 })?.typeName).toBe("point");
    expect(asked.find({ y: 1 })).toBeUndefined();
  });

  it("does not find a type with `is` by a class that happens to have its name", () => {
    const serializers = new Serializers();
    serializers.register("Money", { is: () => false, serialize: toText, deserialize: fromText });
    expect(serializers.find(new Money(1))).toBeUndefined();
  });

  it("keeps `this` of a serializer that is an object with state", () => {
    const serializers = new Serializers();
    const withState = {
      class: Money,
      prefix: "$",
      serialize(value: Money) {
        return this.prefix + value.cents;
      },
      deserialize(text: string) {
        return new Money(Number(text.slice(this.prefix.length)));
      },
    };
    serializers.register("Money", withState);
    const found = serializers.find(new Money(5));
    expect(found?.serialize(new Money(5))).toBe("$5");
    expect(serializers.fromText("Money", "$5", "price")).toEqual(new Money(5));
  });

  it("lets the last registration win", () => {
    const serializers = new Serializers();
    serializers.register("Money", { class: Money, serialize: () => "first", deserialize: fromText });
    serializers.register("Money", { class: Money, serialize: () => "second", deserialize: fromText });
    expect(serializers.find(new Money(1))?.serialize(new Money(1))).toBe("second");
    serializers.register("Money", () => "third", fromText);
    expect(serializers.find(new Money(1))?.serialize(new Money(1))).toBe("third");
  });

  it.each(["", "1a", "a b", "x".repeat(65), "Date", "Object", "Buffer", 7])(
    "refuses the type name %j",
    (name) => {
      expect(() =>
        Reflect.apply(new Serializers().register, new Serializers(), [name, toText, fromText]),
      ).toThrow(/^(type name)/);
    },
  );

  it("refuses what is no pair of functions", () => {
    const serializers = new Serializers();
    const register = (...args: unknown[]) =>
      Reflect.apply(serializers.register, serializers, ["Money", ...args]);
    expect(() => register(toText)).toThrow(/expected deserialize to be a function, came undefined/);
    expect(() => register({ serialize: "no", deserialize: fromText })).toThrow(ValidationError);
    expect(serializers.isEmpty).toBe(true);
  });

  it("refuses a serializer that fails, without showing the value", () => {
    const serializers = withMoney();
    const answering = (answer: () => unknown) => {
      Reflect.apply(serializers.register, serializers, ["Money", answer, fromText]);
      const money = new Money(1);
      const found = serializers.find(money);
      return () => found && serializers.toText(found, money, "price");
    };
    expect(answering(() => 7)).toThrow(
      'price: expected the serializer of "Money" to answer a string, came a whole number',
    );
    expect(answering(() => "a\0")).toThrow(ValidationError);
    const cause = new Error("broken");
    const failing = answering(() => {
      throw cause;
    });
    expect(failing).toThrow(ValidationError);
    expect(failing).toThrow(expect.objectContaining({ cause }));
  });

  it("says when a stored type is not registered", () => {
    expect(() => new Serializers().fromText("Money", "1", "price")).toThrow(
      /price: .*"Money".*registerSerializer/,
    );
    expect(withMoney().fromText("Money", "7", "price")).toEqual(new Money(7));
  });
});
