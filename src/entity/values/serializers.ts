import { ValidationError } from "../../errors/index.ts";
import { constructorName, describe, printable } from "./describe.ts";
import { checkText } from "./text-check.ts";

/** How values of one type of yours become text and come back. */
export interface Serializer<T> {
  /**
   * Whether an object is of the type; other values are never asked about. Without `is` and `class`, an object is
   * when its constructor's name is the type's.
   */
  is?(value: object): boolean;
  /** The class whose instances are of the type, its subclasses' too. */
  readonly class?: abstract new (
    ...args: never[]
  ) => T;
  /** Answers the value as text. The same value must always give the same text. */
  serialize(value: T): string;
  /** Makes the value again of what `serialize` answered. */
  deserialize(text: string): T;
}

/** A serializer under the name of its type. */
export interface NamedSerializer {
  readonly typeName: string;
  is?(value: object): boolean;
  serialize(value: unknown): string;
  deserialize(text: string): unknown;
}

const validTypeName = /^[A-Za-z_$][\w$.-]{0,63}$/;

/** Types that are kept exactly without a serializer, and whose names would match every such value. */
const builtIn: ReadonlySet<string> = new Set(
  "Array BigInt Boolean Buffer Date Function Map Number Object Set String Symbol Uint8Array".split(" "),
);

/**
 * The types that a database's user has added to those that are stored by themselves. A type's name is written
 * beside its values, so it must stay the same for as long as they are kept.
 */
export class Serializers {
  readonly #byName = new Map<string, NamedSerializer>();
  /** Those found by asking; the others are found by the constructor's name. */
  readonly #asked: NamedSerializer[] = [];

  /**
   * Adds a type, or replaces the one of that name. With two functions, a value belongs to it when its
   * constructor's name is `typeName`; use `is` or `class` where a bundler shortens class names.
   * Throws a `ValidationError` for a name that is not letters, digits, `_ $ . -` (64 at most), or that is a
   * built-in type's.
   */
  register<T>(typeName: string, serialize: (value: T) => string, deserialize: (text: string) => T): void;
  register<T>(typeName: string, serializer: Serializer<T>): void;
  register<T>(
    typeName: string,
    how: Serializer<T> | ((value: T) => string),
    deserialize?: (text: string) => T,
  ): void {
    checkTypeName(typeName);
    const serializer = typeof how === "function" ? fromFunctions(typeName, how, deserialize) : how;
    const named = toNamed(typeName, serializer);
    const at = this.#asked.findIndex((other) => other.typeName === typeName);
    if (at >= 0) this.#asked.splice(at, 1);
    this.#byName.set(typeName, named);
    if (named.is !== undefined) this.#asked.push(named);
  }

  /** Whether no type was added: then nobody need be asked. */
  get isEmpty(): boolean {
    return this.#byName.size === 0;
  }

  /** The serializer that an object belongs to: the first that says so, else the one named like its constructor. */
  find(value: object): NamedSerializer | undefined {
    if (this.#byName.size === 0) return undefined;
    for (const serializer of this.#asked) {
      if (serializer.is?.(value) === true) return serializer;
    }
    const name = constructorName(value);
    const byName = name === undefined ? undefined : this.#byName.get(name);
    return byName?.is === undefined ? byName : undefined;
  }

  /** The text of a value that `serializer` was found for; a `ValidationError` when that fails. */
  toText(serializer: NamedSerializer, value: object, path: string): string {
    const text: unknown = guard(serializer, path, "serialize", () => serializer.serialize(value));
    if (typeof text !== "string") {
      const type = printable(serializer.typeName);
      throw new ValidationError(
        `${path}: expected the serializer of ${type} to answer a string, came ${describe(text)}`,
      );
    }
    return checkText(text, path);
  }

  /** Makes a value of its stored text; a `ValidationError` when the type is not registered, or that fails. */
  fromText(typeName: string, text: string, path: string): unknown {
    const serializer = this.#byName.get(typeName);
    if (serializer === undefined) {
      const type = printable(typeName);
      throw new ValidationError(
        `${path}: expected a serializer for the stored type ${type}, came none; call registerSerializer before reading`,
      );
    }
    return guard(serializer, path, "deserialize", () => serializer.deserialize(text));
  }
}

function guard<T>(serializer: NamedSerializer, path: string, step: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const type = printable(serializer.typeName);
    throw new ValidationError(`${path}: the serializer of ${type} threw in ${step}; see the cause`, {
      cause,
    });
  }
}

function checkTypeName(typeName: unknown): void {
  if (typeof typeName !== "string" || !validTypeName.test(typeName)) {
    throw new ValidationError(
      `type name: expected letters, digits and _ $ . -, at most 64, came ${printable(typeName)}`,
    );
  }
  if (builtIn.has(typeName)) {
    throw new ValidationError(
      `type name: expected a type that is not stored already, came ${printable(typeName)}; its values are kept exactly`,
    );
  }
}

function fromFunctions<T>(
  typeName: string,
  serialize: (value: T) => string,
  deserialize: ((text: string) => T) | undefined,
): Serializer<T> {
  if (deserialize !== undefined) return { serialize, deserialize };
  throw new ValidationError(
    `serializer of ${printable(typeName)}: expected deserialize to be a function, came undefined`,
  );
}

function toNamed<T>(typeName: string, serializer: Serializer<T>): NamedSerializer {
  for (const name of ["serialize", "deserialize"] as const) {
    const part: unknown = serializer[name];
    if (typeof part === "function") continue;
    throw new ValidationError(
      `serializer of ${printable(typeName)}: expected ${name} to be a function, came ${describe(part)}`,
    );
  }
  // A value reaches `serialize` only after the type has claimed it, which is what makes it a T.
  const named = {
    typeName,
    serialize: (value: T) => serializer.serialize(value),
    deserialize: (text: string) => serializer.deserialize(text),
  };
  const { class: type } = serializer;
  if (serializer.is !== undefined) return { ...named, is: (value) => serializer.is?.(value) === true };
  if (type !== undefined) return { ...named, is: (value) => value instanceof type };
  return named;
}
