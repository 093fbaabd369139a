import { defineModelTests } from "./define.ts";

defineModelTests("mysql");
