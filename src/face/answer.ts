/** The two faces of the library: callers who await, and callers who block. */
export type Face = "async" | "sync";

/** What a method answers: a promise on the asynchronous face, the value itself on the synchronous one. */
export type Answer<F extends Face, T> = F extends "async" ? Promise<T> : T;

/** What a callback may answer. On the synchronous face a promise is refused. */
export type CallbackAnswer<F extends Face, T> = F extends "async" ? T | PromiseLike<T> : T;

/** Rows that come piece by piece. */
export type Stream<F extends Face, T> = F extends "async" ? AsyncGenerator<T, void> : Generator<T, void>;
