import { requestOf, type TraceEvent } from '../trace/index.js'

/**
 * What is noted at the first step of a command until it is answered: how things were by then, as what it does may rest on that.
 * Of commands that take no steps nothing is noted.
 */
export class AtFirstStep<T> {
  /** By node, task and request: of each of its copies. */
  readonly #noted = new Map<string, T[]>()

  /** Notes `value` if `event` is a first step. */
  note(event: TraceEvent, value: T): void {
    if (event.kind !== 'stepped' || event.seq !== 1) return
    const key = requestOf(event)
    const copies = this.#noted.get(key)
    if (copies === undefined) this.#noted.set(key, [value])
    else copies.push(value)
  }

  /** What was noted of the command that `event` answers; of several copies, of the first. */
  take(event: TraceEvent): T | undefined {
    if (this.#noted.size === 0) return undefined
    const key = requestOf(event)
    const copies = this.#noted.get(key)
    const value = copies?.shift()
    if (copies?.length === 0) this.#noted.delete(key)
    return value
  }

  /** What was noted of all commands that are under way. */
  all(): readonly T[] {
    return this.#noted.size === 0 ? NONE : [...this.#noted.values()].flat()
  }

  /** What was noted of the command that `event`, a `reply-lost` or `threw`, says goes no further; undefined where it says that of none. */
  cut(event: TraceEvent): T | undefined {
    return event.seq > 0 ? this.take(event) : undefined
  }
}

const NONE: readonly never[] = []
