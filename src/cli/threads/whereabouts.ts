import { subjectFunctions } from '../../subject/index.js'
import type { Asked } from './hang.js'

const [MOVES, INSIDE, ASKED, CALLS, PLACE, IN_STORE, TO_END, NUMBERS] = [0, 1, 2, 3, 4, 5, 6, 7] as const
const [ASKED_AT, CALLED_AT, TIMES] = [0, 1, 2] as const

const insides = ['nothing', 'subject', 'scenario'] as const
export type Inside = (typeof insides)[number]
const [NOTHING, SUBJECT, SCENARIO] = [0, 1, 2] as const

/** What is given no time. */
const NO_TIME = Number.NaN

/** A thread that is in a loop answers no message: where it is has to be read from memory that both sides have. */
abstract class Shared {
  readonly memory: SharedArrayBuffer
  /** A node's clock may show a date, which is more than 32 bits. */
  protected readonly times: Float64Array
  protected readonly numbers: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.times = new Float64Array(memory, 0, TIMES)
    this.numbers = new Int32Array(memory, 8 * TIMES, NUMBERS)
  }
}

/** What a thread is started with, and the memory that it shares. */
export type Shares<Spec> = Spec & Pick<Whereabouts, 'memory'>

/** Where in code of the user's a thread is, for the one that watches it. */
export class Whereabouts extends Shared {
  constructor() {
    super(new SharedArrayBuffer(8 * TIMES + 4 * NUMBERS))
  }

  /** Grows for as long as the thread does not hang. */
  get moves(): number {
    return Atomics.load(this.numbers, MOVES)
  }

  /** Whose code it is in. */
  get inside(): Inside {
    return insides[Atomics.load(this.numbers, INSIDE)] ?? 'nothing'
  }

  /** How often a function of the subject was called: one that is called again has come back. */
  get calls(): number {
    return Atomics.load(this.numbers, CALLS)
  }

  /** The function of the subject that was called last, and at what virtual time. */
  get asked(): Asked {
    const what = subjectFunctions[this.numbers[ASKED] as number] ?? 'a function'
    return { what, atMs: this.#time(ASKED_AT) }
  }

  /** Which place in a scenario it is in, and at what time of the node's clock it was called there. */
  get called(): { readonly place: number; readonly atMs: number | undefined } {
    return { place: this.numbers[PLACE] as number, atMs: this.#time(CALLED_AT) }
  }

  /** Whether it waits for the store at this moment. */
  get isInStore(): boolean {
    return Atomics.load(this.numbers, IN_STORE) === 1
  }

  /** Has it end in good order. */
  askToEnd(): void {
    Atomics.store(this.numbers, TO_END, 1)
  }

  #time(slot: number): number | undefined {
    const atMs = this.times[slot]
    return Number.isNaN(atMs) ? undefined : atMs
  }
}

/** The same, for the thread itself, which says there where it goes. */
export class OwnWhereabouts extends Shared {
  /** The places in scenarios, each with its time: code there may call such code again, and calls the subject. */
  readonly #calls: number[] = []

  get isToEnd(): boolean {
    return Atomics.load(this.numbers, TO_END) === 1
  }

  /** Whether a scenario's own code is under way, which may call the subject as often as it likes. */
  get isInScenario(): boolean {
    return this.#calls.length > 0
  }

  moved(): void {
    // Nobody else writes to it, and an atomic addition costs more than all the rest.
    this.numbers[MOVES] = (this.numbers[MOVES] as number) + 1
  }

  /** @param what one of `subjectFunctions` */
  asks(what: string, atMs = NO_TIME): void {
    this.numbers[ASKED] = subjectFunctions.indexOf(what)
    this.times[ASKED_AT] = atMs
  }

  enterSubject(what: string, atMs?: number): void {
    this.asks(what, atMs)
    this.numbers[CALLS] = (this.numbers[CALLS] as number) + 1
    this.numbers[INSIDE] = SUBJECT
  }

  leaveSubject(): void {
    this.#backInScenario()
  }

  /** @param place a number of the caller's own */
  enterScenario(place = 0, atMs = NO_TIME): void {
    this.#calls.push(place, atMs)
    this.#backInScenario()
  }

  leaveScenario(): void {
    this.#calls.pop()
    this.#calls.pop()
    this.#backInScenario()
  }

  async waitForStore<T>(answer: () => T | Promise<T>): Promise<T> {
    this.numbers[IN_STORE] = 1
    try {
      return await answer()
    } finally {
      this.numbers[IN_STORE] = 0
    }
  }

  #backInScenario(): void {
    const depth = this.#calls.length
    if (depth === 0) this.numbers[INSIDE] = NOTHING
    else {
      this.numbers[PLACE] = this.#calls[depth - 2] as number
      this.times[CALLED_AT] = this.#calls[depth - 1] as number
      this.numbers[INSIDE] = SCENARIO
    }
  }
}
