import { defineConformance } from "./define.ts";

defineConformance("sqlite");
