import { defineModelTests } from "./define.ts";

defineModelTests("postgres");
