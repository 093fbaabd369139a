import { describe, expect, it } from "vitest";
import {
  DatabaseError,
  NotNullViolationError,
  SerializationError,
  SqlParameterError,
  SqlSyntaxError,
  UniqueViolationError,
} from "../errors/index.ts";
import { errorClassifier } from "./error-rules.ts";

const classify = errorClassifier([
  { match: /^E-DUP$/, error: UniqueViolationError },
  { match: /^syntax: (?<message>.*)/, error: SqlSyntaxError },
  { match: /null in (?<table>\w+)\.(?<column>\w+)/, error: NotNullViolationError },
  { match: /conflict/, error: SerializationError, message: "run it again" },
  { match: /does not fit/, error: SqlParameterError, outcome: "rejected" },
]);
const coded = (code: unknown, message: string) => Object.assign(new Error(message), { code });

describe("errorClassifier", () => {
  it("knows an error by its code, and keeps code and cause", () => {
    const cause = coded("E-DUP", "key 'secret' is there");
    const error = classify(cause, { backend: "tiny", operation: "execute" });
    expect(error).toBeInstanceOf(UniqueViolationError);
    expect(error).toMatchObject({
      driverCode: "E-DUP",
      backend: "tiny",
      operation: "execute",
      outcome: "rejected",
      cause,
    });
    expect(error.message).toBe("Another row has the same value in a unique column.");
  });

  it("knows an error by its message, of which only a named part is repeated", () => {
    expect(classify(new Error("syntax: near FORM\nsecret"), {}).message).toBe("near FORM");
    const missing = classify(new Error("null in users.name: secret"), {});
    expect(missing).toMatchObject({ table: "users", columns: ["name"] });
    expect(missing.message).not.toContain("secret");
    expect(classify(new Error("conflict with secret"), {}).message).toBe("run it again");
  });

  it("takes the outcome of the rule, else the caller's, else the class's", () => {
    expect(classify(new Error("it does not fit"), {}).outcome).toBe("rejected");
    expect(classify(new Error("it does not fit"), { outcome: "unknown" }).outcome).toBe("rejected");
    expect(classify(new Error("conflict"), {}).outcome).toBe("rolled_back");
    expect(classify(new Error("syntax: x"), { outcome: "unknown" }).outcome).toBe("unknown");
  });

  it.each([[new Error("secret")], ["secret"], [undefined], [null], [coded(7, "secret")]])(
    "makes a plain DatabaseError of what no rule knows",
    (thrown) => {
      const error = classify(thrown, { backend: "tiny" });
      expect(error.constructor).toBe(DatabaseError);
      expect(error).toMatchObject({ code: "STRATA_DATABASE", backend: "tiny" });
      expect(JSON.stringify(error)).not.toContain("secret");
    },
  );

  it("leaves the library's own errors as they are", () => {
    const own = new SqlSyntaxError("ours");
    expect(classify(own, {})).toBe(own);
  });
});
