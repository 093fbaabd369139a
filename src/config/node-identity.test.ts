import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeNode, type NodeIdentity, readIdentity } from "./node-identity.ts";

const node = (timeline: number | null, cluster = "7001"): NodeIdentity => ({ cluster, timeline });

describe("judgeNode", () => {
  it("accepts whoever comes first", () => {
    expect(judgeNode(undefined, node(3))).toEqual({ is: "accepted", newest: node(3), isNewer: false });
  });

  it("accepts the same server again, and one that has taken over", () => {
    expect(judgeNode(node(1), node(1))).toEqual({ is: "accepted", newest: node(1), isNewer: false });
    expect(judgeNode(node(1), node(2))).toEqual({ is: "accepted", newest: node(2), isNewer: true });
  });

  it("refuses the primary of the past, and says what to do", () => {
    expect(judgeNode(node(2), node(1))).toEqual({
      is: "refused",
      because: expect.stringMatching(/timeline 1, and timeline 2 has been seen.*pg_rewind/),
    });
  });

  it("refuses other data, whatever its timeline", () => {
    expect(judgeNode(node(2), node(9, "7002"))).toEqual({
      is: "refused",
      because: expect.stringMatching(/7002.*7001.*close all handles/),
    });
  });

  it("accepts one that follows, and learns nothing from it but the data's name", () => {
    expect(judgeNode(node(2), node(null))).toEqual({ is: "accepted", newest: node(2), isNewer: false });
    expect(judgeNode(node(null), node(2))).toEqual({ is: "accepted", newest: node(2), isNewer: false });
    expect(judgeNode(node(null), node(null, "7002")).is).toBe("refused");
  });

  it("never accepts a lower timeline than one it has accepted, in whatever order servers answer", () => {
    const timelines = fc.array(fc.option(fc.integer({ min: 1, max: 9 })), { maxLength: 30 });
    fc.assert(
      fc.property(timelines, (answers) => {
        let newest: NodeIdentity | undefined;
        let highest = 0;
        for (const timeline of answers) {
          const verdict = judgeNode(newest, node(timeline));
          expect(verdict.is).toBe(timeline === null || timeline >= highest ? "accepted" : "refused");
          if (verdict.is === "refused") continue;
          expect(verdict.isNewer).toBe(timeline !== null && highest > 0 && timeline > highest);
          newest = verdict.newest;
          highest = Math.max(highest, timeline ?? 0);
        }
      }),
    );
  });
});

describe("readIdentity", () => {
  it("reads what a server says of itself", () => {
    expect(readIdentity("7001", 4)).toEqual(node(4));
    expect(readIdentity("7001", "4")).toEqual(node(4));
    expect(readIdentity("7001", null)).toEqual(node(null));
  });

  it("knows nothing where nothing is said", () => {
    expect(readIdentity(null, 4)).toBeUndefined();
    expect(readIdentity(undefined, undefined)).toBeUndefined();
  });
});
