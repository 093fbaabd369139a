import { type AnySchema, Connection } from "../face/index.ts";

/** The database's one connection of the synchronous face, as a handle. Declare it with `using`. */
export class SyncConnection<S extends object = AnySchema, D extends boolean = false>
  extends Connection<"sync", S, D>
  implements Disposable
{
  [Symbol.dispose](): void {
    this.close();
  }
}
