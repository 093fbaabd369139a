import { defineModelTests } from "./define.ts";

defineModelTests("sqlite");
