import { defineRoundTrips } from "./round-trip.ts";

defineRoundTrips("postgres");
