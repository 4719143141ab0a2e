/** Where commands are carried out. When it stops, so do they: each is of the life that it was begun in. */
export interface Home {
  life: number
}

/** A command that the subject carries out in steps: begun, and perhaps not answered yet. */
export interface Stepwise {
  readonly home: Home
  /** The life of its home that it was begun in. */
  readonly life: number
  /** How many of its steps have been taken. */
  taken: number
  /** It is answered, or cut off. */
  isOver: boolean
  /** How many of its steps have had no answer. */
  unanswered: number
}

/** A step has had no answer from the store in time: whoever takes it cannot know whether the access was made. */
export class StepUnanswered extends Error {
  override readonly name = 'StepUnanswered'

  constructor() {
    super('no answer from the store in time: whether the access was made is not known')
  }
}

/** Whether its home has stopped since: what is left of it never goes on. */
export const isCut = ({ home, life }: Stepwise): boolean => home.life !== life

/** One access of the subject to what it keeps, at virtual time `atMs`; a promise is waited for before anything else happens. */
export type Access<T> = (atMs: number) => T | PromiseLike<T>

/** Whether something was thrown because a step had no answer: it may be one of another command, that this one has waited for. */
function comesOfNoAnswer(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < MOST_CAUSES; at = at.cause, depth++) {
    if (at instanceof StepUnanswered) return true
  }
  return false
}

/** A chain of causes may lead back to its beginning. */
const MOST_CAUSES = 16

interface Pending<C> {
  readonly of: C
  /** It touches nothing, and waits so long instead. */
  readonly sleepMs: number | undefined
  /** @param answered asked once the access is made: whether its answer comes back */
  take(atMs: number, answered: () => boolean): void
  fail(): void
}

export interface CommandsPort<C, R> {
  /** Has `take` be called for this index when the step is due. */
  schedule(index: number, of: C, sleepMs: number | undefined): void
  taken(of: C): void
  answer(of: C, reply: R): void
  /** The command of which a step had no answer ends without one of its own. */
  givenUp(of: C): void
  failed(of: C, error: unknown): unknown
  /** Waits until all that can go on by itself has done so. */
  turn(): Promise<void>
}

/**
 * Commands of the subject that are under way. Between two steps of one, those of others come, and time passes; from one step
 * to the next, a command runs alone. Who uses no steps runs alone from its arrival to its answer.
 */
export class CommandsUnderway<C extends Stepwise, R> {
  readonly #port: CommandsPort<C, R>
  /** Begun and not answered, each with its place among all that were. */
  readonly #underway = new Map<C, number>()
  #begun = 0
  /** Settled, but not yet told. */
  readonly #settled: { readonly place: number; readonly tell: () => void }[] = []
  readonly #pending: (Pending<C> | undefined)[] = []
  readonly #free: number[] = []
  /** Steps that are not due yet, those apart that never will be taken. */
  #waiting = 0
  /** Accesses that have answered with a promise. */
  #accessing = 0
  #stir: (() => void) | undefined
  /** Whether any command has taken a step so far. */
  #isStepping = false

  constructor(port: CommandsPort<C, R>) {
    this.#port = port
  }

  get isStepping(): boolean {
    return this.#isStepping
  }

  /** Of those that are not answered, the one that has taken the most steps. */
  get longest(): C | undefined {
    let longest: C | undefined
    for (const of of this.#underway.keys()) if (longest === undefined || of.taken > longest.taken) longest = of
    return longest
  }

  /**
   * Calls `access` as the next step of a command. Never settles if its home stops before that.
   * @param sleepMs how long it waits, of a step that touches nothing
   */
  step<T>(of: C, access: Access<T>, sleepMs?: number): Promise<T> {
    this.#isStepping = true
    return new Promise((resolve, reject) => {
      if (isCut(of)) return
      const index = this.#free.pop() ?? this.#pending.length
      this.#pending[index] = {
        of,
        sleepMs,
        take: (atMs, answered) => this.#access(() => access(atMs), { answered, resolve, reject }),
        fail: () => reject(new StepUnanswered()),
      }
      this.#waiting += 1
      this.#port.schedule(index, of, sleepMs)
      this.#stirred()
    })
  }

  /** Whose step it is that was scheduled with this index. */
  pending(index: number): Pick<Pending<C>, 'of' | 'sleepMs'> {
    return this.#pending[index] as Pending<C>
  }

  /**
   * The step is due.
   * @param answered asked once it is made: whether its answer comes back. Of one that has none, `fail` has to be called
   */
  take(index: number, atMs: number, answered: () => boolean = always): Promise<void> | undefined {
    const { of, take } = this.#pending[index] as Pending<C>
    if (isCut(of)) return this.#drop(index)
    of.taken += 1
    this.#port.taken(of)
    take(atMs, () => {
      const isAnswered = answered()
      if (isAnswered) {
        this.#drop(index)
        this.#waiting -= 1
      }
      return isAnswered
    })
    return this.#quiet()
  }

  /** The step has had no answer. */
  fail(index: number): Promise<void> | undefined {
    const { of, fail } = this.#pending[index] as Pending<C>
    this.#drop(index)
    if (isCut(of)) return undefined
    this.#waiting -= 1
    of.unanswered += 1
    fail()
    return this.#quiet()
  }

  #drop(index: number): undefined {
    this.#pending[index] = undefined
    this.#free.push(index)
  }

  /** A command that answers later. What is returned settles when it is answered, or waits for its next step. */
  async begin(of: C, reply: Promise<R>): Promise<'answered' | 'underway'> {
    this.#underway.set(of, this.#begun++)
    const over = (tell: () => void): void => {
      const place = this.#underway.get(of)
      if (place === undefined) return
      this.#underway.delete(of)
      of.isOver = true
      this.#settled.push({ place, tell })
      this.#stirred()
    }
    reply.then(
      (late) => over(() => this.#port.answer(of, late)),
      (error: unknown) =>
        over(() => {
          if (of.unanswered === 0 && !comesOfNoAnswer(error)) throw this.#port.failed(of, error)
          this.#port.givenUp(of)
        }),
    )
    await this.#quiet()
    return this.#underway.has(of) ? 'underway' : 'answered'
  }

  /** `home` stops: what is under way there is not carried on. Returns the commands that nobody will answer. */
  cut(home: Home): readonly C[] {
    const isThere = ({ of }: { readonly of: C }): boolean => of.home === home && !isCut(of)
    const cut = [...this.#underway.keys()].filter((of) => isThere({ of }))
    for (const of of cut) {
      of.isOver = true
      this.#underway.delete(of)
    }
    this.#waiting -= this.#pending.filter((step) => step !== undefined && isThere(step)).length
    home.life += 1
    return cut
  }

  #access<T>(
    access: () => T | PromiseLike<T>,
    {
      answered,
      resolve,
      reject,
    }: {
      readonly answered: () => boolean
      readonly resolve: (value: T | PromiseLike<T>) => void
      readonly reject: (error: unknown) => void
    },
  ) {
    let got: T | PromiseLike<T>
    try {
      got = access()
    } catch (error) {
      if (answered()) reject(error)
      return
    }
    if (!isThenable(got)) {
      if (answered()) resolve(got)
      return
    }
    this.#accessing += 1
    const settled = Promise.resolve(got)
    const over = (): void => {
      if (answered()) resolve(settled)
      this.#accessing -= 1
      this.#stirred()
    }
    settled.then(over, over)
  }

  /**
   * A command may wait for another, as for a lock: then it is left, as long as there is a step that may end the wait. Of several
   * that one step has answered, each is told in its turn, however many awaits it has still come through.
   */
  async #quiet(): Promise<void> {
    if (this.#isStepping) await this.#port.turn()
    while (this.#accessing > 0 || (this.#underway.size > 0 && this.#waiting === 0)) {
      await new Promise<void>((resolve) => {
        this.#stir = resolve
      })
      if (this.#isStepping) await this.#port.turn()
    }
    for (const { tell } of this.#settled.splice(0).sort((one, other) => one.place - other.place)) tell()
  }

  #stirred(): void {
    this.#stir?.()
    this.#stir = undefined
  }
}

const always = (): boolean => true

const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<T>>).then === 'function'
