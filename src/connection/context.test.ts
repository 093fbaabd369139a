import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { Call } from "./call.ts";
import { ambientContext, mergeTags, withContext } from "./context.ts";

describe("withContext", () => {
  it("is empty outside, and answers what the function answers", () => {
    expect(ambientContext()).toEqual({});
    expect(withContext({ userId: "ann" }, () => 42)).toBe(42);
    expect(ambientContext()).toEqual({});
  });

  it("holds for all that the function awaits, and not beside it", async () => {
    const seen = withContext({ userId: "ann" }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return ambientContext().userId;
    });
    expect(ambientContext().userId).toBeUndefined();
    expect(await seen).toBe("ann");
  });

  it("adds to the context around it, of which the inner part wins, tag by tag", () => {
    withContext({ userId: "ann", comment: "import", tags: { app: "shop", route: "/" } }, () => {
      withContext({ comment: "fix", tags: { route: "/cart", step: 1 } }, () => {
        expect(ambientContext()).toEqual({
          userId: "ann",
          comment: "fix",
          tags: { app: "shop", route: "/cart", step: 1 },
        });
      });
      withContext({ comment: "other" }, () => {
        expect(ambientContext().tags).toEqual({ app: "shop", route: "/" });
      });
      expect(ambientContext()).toMatchObject({ comment: "import", tags: { app: "shop", route: "/" } });
    });
  });

  it("has no tags where none were given", () => {
    withContext({ userId: "ann" }, () => expect("tags" in ambientContext()).toBe(false));
  });

  it("ends with a function that throws", () => {
    const work = () =>
      withContext({ userId: "ann" }, () => {
        throw new Error("mine");
      });
    expect(work).toThrow("mine");
    expect(ambientContext()).toEqual({});
  });
});

describe("mergeTags", () => {
  it("makes nothing of nothing, and a new object only of two", () => {
    const tags = { a: 1 };
    expect(mergeTags(undefined, undefined)).toBeUndefined();
    expect(mergeTags(tags, undefined)).toBe(tags);
    expect(mergeTags(undefined, tags)).toBe(tags);
    expect(mergeTags(tags, { a: 2, b: 3 })).toEqual({ a: 2, b: 3 });
    expect(tags).toEqual({ a: 1 });
  });
});

describe("the tags of a call", () => {
  const tagsOf = (tags?: Record<string, unknown>) =>
    Call.from("test", new FakeClock(), tags === undefined ? undefined : { tags }, 1000).tags;

  it("are those of the context and its own, which win", () => {
    expect(tagsOf()).toBeUndefined();
    withContext({ tags: { app: "shop", route: "/" } }, () => {
      expect(tagsOf()).toEqual({ app: "shop", route: "/" });
      expect(tagsOf({ route: "/cart" })).toEqual({ app: "shop", route: "/cart" });
    });
    expect(tagsOf({ route: "/cart" })).toEqual({ route: "/cart" });
  });
});
