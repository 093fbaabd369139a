import { defineConformance } from "./define.ts";

defineConformance("pgbouncer");
