import { defineConformance } from "./define.ts";

defineConformance("postgres");
