import { defineRoundTrips } from "./round-trip.ts";

defineRoundTrips("sqlite");
