import { type AnySchema, Connection } from "../face/index.ts";

/** One connection of the asynchronous face. Give it back with `close`, or declare it with `await using`. */
export class AsyncConnection<S extends object = AnySchema, D extends boolean = false>
  extends Connection<"async", S, D>
  implements AsyncDisposable
{
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
