/** For `node --import`: lets a program outside of the repository import "stratadb" as its sources are now. */
import { registerHooks } from "node:module";

const url = new URL("../../src/index.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "stratadb"
      ? { url, format: "module-typescript", shortCircuit: true }
      : next(specifier, context),
});
