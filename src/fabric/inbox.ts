import { awakeTimeMs, awakeTimeout } from './awake.js'
import { Interrupted, ScenarioFailed } from './failure.js'

interface Waiter<Item> {
  readonly wanted: (item: Item) => boolean
  readonly resolve: (item: Item) => void
  readonly reject: (error: Error) => void
}

/** What the workers of a scenario have said, until somebody takes it. */
export class Inbox<Item> {
  readonly #items: Item[] = []
  readonly #waiters = new Set<Waiter<Item>>()
  readonly #patienceMs: number
  readonly #signal: AbortSignal
  #broken: Error | undefined
  #lastMs = 0

  constructor(patienceMs: number, signal: AbortSignal) {
    this.#patienceMs = patienceMs
    this.#signal = signal
    signal.addEventListener('abort', () => this.break(new Interrupted()), { once: true })
  }

  /** Why nobody gets anything any more. */
  get broken(): Error | undefined {
    return this.#broken
  }

  put(item: Item): void {
    this.#lastMs = awakeTimeMs()
    for (const waiter of this.#waiters) {
      if (!waiter.wanted(item)) continue
      waiter.resolve(item)
      return
    }
    this.#items.push(item)
  }

  /** Nobody will get anything any more. */
  break(error: Error): void {
    this.#broken ??= error
    for (const { reject } of this.#waiters) reject(this.#broken)
  }

  /** The first that is wanted, which nobody else gets. Rejects when nothing at all has come for too long. */
  async take<Wanted extends Item>(what: string, wanted: (item: Item) => item is Wanted): Promise<Wanted>
  async take(what: string, wanted: (item: Item) => boolean): Promise<Item>
  async take(what: string, wanted: (item: Item) => boolean): Promise<Item> {
    if (this.#signal.aborted) throw new Interrupted()
    const index = this.#items.findIndex(wanted)
    if (index >= 0) return this.#items.splice(index, 1)[0] as Item
    if (this.#broken !== undefined) throw this.#broken
    return this.#wait(what, wanted)
  }

  #wait(what: string, wanted: (item: Item) => boolean): Promise<Item> {
    return new Promise((resolve, reject) => {
      const settle = <Result>(then: (result: Result) => void) => {
        return (result: Result) => {
          timer.clear()
          this.#waiters.delete(waiter)
          then(result)
        }
      }
      const waiter: Waiter<Item> = { wanted, resolve: settle(resolve), reject: settle(reject) }
      const sinceMs = awakeTimeMs()
      const look = () => {
        const leftMs = Math.max(sinceMs, this.#lastMs) + this.#patienceMs - awakeTimeMs()
        if (leftMs > 0) timer = awakeTimeout(leftMs, look)
        else waiter.reject(new ScenarioFailed(`nothing came for ${this.#patienceMs / 1_000} s; waited for ${what}`))
      }
      let timer = awakeTimeout(this.#patienceMs, look)
      this.#waiters.add(waiter)
    })
  }
}
