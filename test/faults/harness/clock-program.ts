import { writeFileSync } from "node:fs";
import { workUnderJumps } from "./clock-jumps.ts";
import type { ServerBackend } from "./targets.ts";

// The program of a process whose wall clock is libfaketime's: it reads from a file by how much the clock is off.

const { backend, url, file }: { backend: ServerBackend; url: string; file: string } = JSON.parse(
  process.argv[2] ?? "",
);
let offMs = 0;
const report = await workUnderJumps(backend, url, (ms) => {
  offMs += ms;
  writeFileSync(file, `${offMs < 0 ? "" : "+"}${offMs / 1000}`);
});
process.stdout.write(JSON.stringify(report));
