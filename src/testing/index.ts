/** What a package needs to test a backend of its own, or its use of time: `import … from "stratadb/testing"`. */
export type { Face } from "../face/index.ts";
export type { Clock, Timer } from "../resilience/clock.ts";
export * from "./conformance/index.ts";
export { FakeClock, settled } from "./fake-clock.ts";
