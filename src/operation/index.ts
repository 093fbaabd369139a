export { all } from "./all.ts";
export {
  type Awaitable,
  isPromiseLike,
  type Operation,
  runAsync,
  runSync,
  start,
  WouldBlockError,
  wait,
} from "./operation.ts";
