import { array, assert, asyncProperty, constantFrom } from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ticket, Turn } from "./turn.ts";

/** Tells, without waiting, who has been granted the turn: `names` grows as tickets are. */
function line() {
  const turn = new Turn();
  const granted: string[] = [];
  const queue = (name: string): Ticket => {
    const ticket = turn.queue();
    ticket.granted.then(() => granted.push(name));
    return ticket;
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { turn, granted, queue, settle };
}

describe("Turn", () => {
  it("is taken once at a time, and free again when it is passed with nobody in line", () => {
    const { turn } = line();
    expect([turn.tryTake(), turn.tryTake()]).toEqual([true, false]);
    turn.pass();
    expect(turn.tryTake()).toBe(true);
  });

  it("goes to those in line in the order of asking; nobody overtakes them", async () => {
    const { turn, granted, queue, settle } = line();
    for (const name of ["a", "b", "c"]) queue(name);
    await settle();
    expect(granted).toEqual(["a"]);
    turn.pass();
    expect(turn.tryTake()).toBe(false);
    await settle();
    expect(granted).toEqual(["a", "b"]);
    turn.pass();
    turn.pass();
    await settle();
    expect(granted).toEqual(["a", "b", "c"]);
    expect(turn.tryTake()).toBe(true);
  });

  it("passes over who has given up", async () => {
    const { turn, granted, queue, settle } = line();
    turn.tryTake();
    const gone = queue("gone");
    queue("next");
    gone.giveUp();
    turn.pass();
    await settle();
    expect(granted).toEqual(["next"]);
  });

  it("is passed on by who gives up just after it was granted", async () => {
    const { turn, granted, queue, settle } = line();
    turn.tryTake();
    const late = queue("late");
    queue("next");
    turn.pass();
    late.giveUp();
    await settle();
    expect(granted).toEqual(["late", "next"]);
    turn.pass();
    expect(turn.tryTake()).toBe(true);
  });

  it("has one holder at most, and never rests while somebody waits, whatever happens", async () => {
    const steps = array(constantFrom("take", "queue", "pass", "give up"), { maxLength: 40 });
    await assert(
      asyncProperty(steps, async (list) => {
        const turn = new Turn();
        const tickets: { ticket: Ticket; holds: boolean }[] = [];
        let takers = 0;
        const holders = () => takers + tickets.filter(({ holds }) => holds).length;
        for (const step of list) {
          if (step === "take") takers += turn.tryTake() ? 1 : 0;
          if (step === "queue") {
            const entry = { ticket: turn.queue(), holds: false };
            tickets.push(entry);
            entry.ticket.granted.then(() => {
              entry.holds = true;
            });
          }
          if (step === "give up") tickets.pop()?.ticket.giveUp();
          if (step === "pass" && holders() > 0) {
            turn.pass();
            if (takers > 0) takers -= 1;
            else
              tickets.splice(
                tickets.findIndex(({ holds }) => holds),
                1,
              );
          }
          await Promise.resolve();
          await Promise.resolve();
          expect(holders()).toBeLessThanOrEqual(1);
          if (tickets.length > 0) expect(holders()).toBe(1);
        }
      }),
    );
  });
});
