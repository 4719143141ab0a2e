import type { EventKind, TraceEvent } from './event.js'

/**
 * A fold over the trace: state, event → state. It sees the events of the kinds it names (all of them when it names
 * none) and may change its state in place. The event is only lent: it holds something else the next time.
 */
export interface Fold<S, R> {
  readonly kinds?: readonly EventKind[]
  start(): S
  step(state: S, event: TraceEvent): S
  end(state: S, endMs: number): R
}

/** Told of events of the kinds that it names, or of all when it names none. An event is only lent: it is another the next time. */
export interface Listener {
  readonly kinds?: readonly EventKind[]
  observe(event: TraceEvent): void
}

/** A fold under way. */
export interface Observer<R> extends Listener {
  end(endMs: number): R
}

export function observe<S, R>(fold: Fold<S, R>): Observer<R> {
  let state = fold.start()
  return {
    ...(fold.kinds === undefined ? {} : { kinds: fold.kinds }),
    observe(event) {
      state = fold.step(state, event)
    },
    end: (endMs) => fold.end(state, endMs),
  }
}
