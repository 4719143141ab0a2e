import type { LogEvent } from '../log/index.js'

/** The type of every event that is appended in a race. */
export const RACED = 'raced'

/** Under which one writes. */
interface Ownership {
  readonly epoch: number
  readonly owner: string
}

interface Written extends Ownership {
  readonly space: string
  readonly seq: number
}

/** What a racing process tells as it happens: only what was told counts as acknowledged. */
export type RacerMessage =
  /** It has opened the store, and waits for the race to begin. */
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'granted'; readonly space: string; readonly session: string } & Ownership)
  /** An append with a fence of this ownership was acknowledged. */
  | ({ readonly kind: 'appended'; readonly id: string } & Written)
  /** A write with a fence that had lapsed. Whatever the reason, it must be refused. */
  | { readonly kind: 'tried-old-fence'; readonly space: string; readonly epoch: number; readonly accepted: boolean }
  /** The store did not answer, and the request was sent again. */
  | { readonly kind: 'unanswered' }
  /** The process cannot go on; because the store has lost what it had acknowledged, or for another reason. */
  | { readonly kind: 'failed'; readonly message: string; readonly lost: boolean }

/** What all processes together were told, summed up as it comes: memory grows with what was acknowledged alone. */
export class Acknowledged {
  readonly appends = new Map<string, Written>()
  /** By space and epoch: the sessions it was granted to, and their owners. More than one is a violation. */
  readonly grants = new Map<string, Map<string, string>>()
  oldFencesTried = 0
  readonly oldFencesAccepted: string[] = []
  unanswered = 0
  readonly lost: string[] = []

  /** What was never acknowledged cannot be lost. */
  get any(): boolean {
    return this.grants.size > 0 || this.appends.size > 0
  }

  add(told: RacerMessage): void {
    switch (told.kind) {
      case 'granted': {
        const key = epochOf(told.space, told.epoch)
        const owners = this.grants.get(key) ?? new Map<string, string>()
        this.grants.set(key, owners.set(told.session, told.owner))
        return
      }
      case 'appended': {
        const { id, space, seq, epoch, owner } = told
        this.appends.set(id, { space, seq, epoch, owner })
        return
      }
      case 'tried-old-fence':
        this.oldFencesTried += 1
        if (told.accepted) this.oldFencesAccepted.push(epochOf(told.space, told.epoch))
        return
      case 'unanswered':
        this.unanswered += 1
        return
      case 'failed':
        if (told.lost) this.lost.push(told.message)
    }
  }
}

const epochOf = (space: string, epoch: number): string => `${space} epoch ${epoch}`

/** One sentence about the race, and whether it was true of it. */
export interface RaceResult {
  readonly name: string
  /** Of all that was seen. */
  readonly held: boolean
  /** How many things it is judged by. With none, nothing is known of it. */
  readonly seen: number
  /** What it is judged by, or the first things that were wrong. */
  readonly evidence: string
}

/** Judges the logs, as they are in the store after the race, by what was acknowledged in it. */
export class RaceJudge {
  readonly #acknowledged: Acknowledged
  readonly #seqs = { count: 0, wrong: [] as string[] }
  readonly #epochs = { count: 0, wrong: [] as string[] }
  readonly #ids = new Map<string, { readonly space: string; readonly seq: number }>()
  readonly #twice: string[] = []
  readonly #changed: string[] = []
  readonly #last = new Map<string, LogEvent>()

  constructor(acknowledged: Acknowledged) {
    this.#acknowledged = acknowledged
  }

  /** The events of one space, page by page, in the order in which they are read. */
  read(space: string, events: readonly LogEvent[]): void {
    for (const event of events) {
      const { seq, epoch, owner, payload } = event
      const before = this.#last.get(space)
      const expected = before === undefined ? 0 : before.seq + 1
      this.#seqs.count += 1
      if (seq !== expected) this.#seqs.wrong.push(`${space}: seq ${seq} where ${expected} was expected`)
      if (before === undefined || epoch !== before.epoch || owner !== before.owner) {
        this.#epochs.count += 1
        if (before !== undefined && epoch <= before.epoch) {
          const was = `epoch ${before.epoch} of ${before.owner}`
          this.#epochs.wrong.push(`${space}: seq ${seq} has epoch ${epoch} of ${owner} after ${was}`)
        }
      }
      const id = String(payload)
      const first = this.#ids.get(id)
      if (first !== undefined) this.#twice.push(`${id} at ${first.space} ${first.seq} and at ${space} ${seq}`)
      else this.#ids.set(id, { space, seq })
      const change = this.#changeOf(space, event)
      if (change !== undefined) this.#changed.push(`${id} at ${space} ${seq} has ${change}`)
      this.#last.set(space, event)
    }
  }

  /**
   * What of an event is not as it was appended. Of one without an acknowledgement only that can be wrong which was granted to
   * somebody else: the answer to a grant may be lost as well, and then nobody tells of it.
   */
  #changeOf(space: string, { epoch, owner, type, payload }: LogEvent): string | undefined {
    const { appends, grants } = this.#acknowledged
    const written = appends.get(String(payload))
    if (type !== RACED) return `type ${JSON.stringify(type)}, and was appended with ${JSON.stringify(RACED)}`
    if (written !== undefined) {
      if (epoch === written.epoch && owner === written.owner) return undefined
      return `epoch ${epoch} of ${owner}, and was appended in epoch ${written.epoch} of ${written.owner}`
    }
    const holders = [...(grants.get(epochOf(space, epoch))?.values() ?? [owner])]
    return holders.includes(owner)
      ? undefined
      : `epoch ${epoch} of ${owner}, which was granted to ${holders.join(', ')}`
  }

  /** @param heads by space, the `seq` that the next event would get */
  end(heads: ReadonlyMap<string, number>): readonly RaceResult[] {
    const { appends, grants, oldFencesTried, oldFencesAccepted } = this.#acknowledged
    const ends = [...heads]
      .filter(([space, nextSeq]) => (this.#last.get(space)?.seq ?? -1) + 1 !== nextSeq)
      .map(([space, nextSeq]) => `${space}: the log ends at ${this.#last.get(space)?.seq}, its head is ${nextSeq}`)
    const missing = [...appends]
      .filter(([id, { space, seq }]) => {
        const found = this.#ids.get(id)
        return found === undefined || found.space !== space || found.seq !== seq
      })
      .map(([id, { space, seq }]) => `${id} was acknowledged as ${space} ${seq}`)
    const shared = [...grants]
      .filter(([, owners]) => owners.size > 1)
      .map(
        ([epoch, owners]) => `${epoch}: ${[...owners].map(([session, owner]) => `${owner} (${session})`).join(', ')}`,
      )
    const unacknowledged = this.#ids.size - (appends.size - missing.length)
    return [
      verdict(
        'one total order, without gap or fork',
        [...this.#seqs.wrong, ...ends],
        this.#seqs.count,
        `${count(this.#seqs.count, 'event')} in ${count(heads.size, 'space')}`,
      ),
      verdict(
        'epochs only grow along the log',
        this.#epochs.wrong,
        this.#epochs.count,
        `${count(this.#epochs.count, 'ownership')} wrote`,
      ),
      verdict('no epoch is granted twice', shared, grants.size, count(grants.size, 'grant')),
      verdict(
        'every acknowledged append is in the log, where it was said to be',
        missing,
        appends.size,
        `${count(appends.size, 'append')}, ${unacknowledged} more without an acknowledgement`,
      ),
      verdict(
        'every append is in the log once, however often it was sent',
        this.#twice,
        this.#ids.size,
        count(this.#ids.size, 'append'),
      ),
      verdict(
        'every event has the epoch, the owner and the type with which it was appended',
        this.#changed,
        this.#seqs.count,
        count(this.#seqs.count, 'event'),
      ),
      verdict(
        'nobody writes with an old fence',
        oldFencesAccepted,
        oldFencesTried,
        `${count(oldFencesTried, 'attempt')} refused`,
      ),
    ]
  }
}

function verdict(name: string, wrong: readonly string[], seen: number, evidence: string): RaceResult {
  if (wrong.length === 0) return { name, held: true, seen, evidence: seen === 0 ? 'nothing was seen of it' : evidence }
  const more = wrong.length > 3 ? `, and ${wrong.length - 3} more` : ''
  return { name, held: false, seen, evidence: `${wrong.slice(0, 3).join('; ')}${more}` }
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
