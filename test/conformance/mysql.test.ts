import { defineConformance } from "./define.ts";

defineConformance("mysql");
