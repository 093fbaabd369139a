import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Queue, type Ticket } from "./queue.ts";

describe("Queue", () => {
  it("behaves like an array from which anyone may leave", () => {
    const operation = fc.oneof(
      fc.constant({ kind: "push" } as const),
      fc.constant({ kind: "shift" } as const),
      fc.record({ kind: fc.constant("remove" as const), at: fc.nat(20) }),
      fc.constant({ kind: "takeAll" } as const),
    );
    const property = fc.property(fc.array(operation), (operations) => {
      const queue = new Queue<number>();
      const tickets: Ticket<number>[] = [];
      let model: number[] = [];
      for (const step of operations) {
        if (step.kind === "push") {
          const ticket = queue.push(tickets.length);
          model.push(ticket.value);
          tickets.push(ticket);
        } else if (step.kind === "shift") {
          expect(queue.shift()).toBe(model.shift());
        } else if (step.kind === "takeAll") {
          expect(queue.takeAll()).toEqual(model);
          model = [];
        } else {
          const ticket = tickets[step.at];
          if (ticket === undefined) continue;
          expect(queue.remove(ticket)).toBe(model.includes(ticket.value));
          model = model.filter((value) => value !== ticket.value);
        }
        expect(queue.size).toBe(model.length);
      }
    });
    fc.assert(property);
  });

  it("does not take another queue's ticket", () => {
    const ticket = new Queue<string>().push("mine");
    const other = new Queue<string>();
    other.push("theirs");
    expect(other.remove(ticket)).toBe(false);
    expect(other.size).toBe(1);
  });
});
