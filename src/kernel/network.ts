import type { Leg, MessageFault } from './fault.js'
import type { Random } from './random.js'

/** An inclusive range of virtual milliseconds. */
export type DelayMs = readonly [minMs: number, maxMs: number]

/** What every link does when no fault is on. Rates are per 1000 messages. */
export interface Network {
  readonly requestDelayMs: DelayMs
  readonly replyDelayMs: DelayMs
  readonly requestLossPerMille?: number
  readonly replyLossPerMille?: number
  readonly requestDuplicatePerMille?: number
  readonly replyDuplicatePerMille?: number
}

const rates = [
  'requestLossPerMille',
  'replyLossPerMille',
  'requestDuplicatePerMille',
  'replyDuplicatePerMille',
] as const satisfies readonly (keyof Network)[]

/** @throws RangeError for a delay that is no range of whole numbers from 0 on, and for a rate that is not between 0 and 1000 */
export function checkNetwork(network: Network): void {
  for (const name of ['requestDelayMs', 'replyDelayMs'] as const) {
    const [minMs, maxMs] = network[name] ?? []
    if (
      Number.isSafeInteger(minMs) &&
      Number.isSafeInteger(maxMs) &&
      0 <= (minMs as number) &&
      (minMs as number) <= (maxMs as number)
    )
      continue
    throw new RangeError(
      `a network with ${name} ${JSON.stringify(network[name])}: expected [min, max], whole numbers from 0 on`,
    )
  }
  for (const name of rates) {
    const rate = network[name] ?? 0
    if (rate >= 0 && rate <= 1000) continue
    throw new RangeError(`a network with ${name} ${rate}: expected 0 to 1000`)
  }
}

/** Returned instead of a delay for a message that never arrives, and for a copy that is not made. */
export const NONE = -1

/** One way of a network: the same for every link. */
interface LegRates {
  readonly minMs: number
  readonly maxMs: number
  readonly lossPerMille: number
  readonly duplicatePerMille: number
}

/** What all links of one network share. */
export type Legs = { readonly [leg in Leg]: LegRates }

export function legsOf(network: Network): Legs {
  return {
    request: {
      minMs: network.requestDelayMs[0],
      maxMs: network.requestDelayMs[1],
      lossPerMille: network.requestLossPerMille ?? 0,
      duplicatePerMille: network.requestDuplicatePerMille ?? 0,
    },
    reply: {
      minMs: network.replyDelayMs[0],
      maxMs: network.replyDelayMs[1],
      lossPerMille: network.replyLossPerMille ?? 0,
      duplicatePerMille: network.replyDuplicatePerMille ?? 0,
    },
  }
}

/** The way between one node and the subject. Delays and losses are drawn from the link's own stream. */
export class Link {
  readonly #legs: Legs
  readonly #makeRandom: () => Random
  #random: Random | undefined
  #cutUntilMs = 0
  /** Message faults whose windows have not passed when the last of them began. */
  #faults: readonly MessageFault[] = NO_FAULTS

  constructor(legs: Legs, makeRandom: () => Random) {
    this.#legs = legs
    this.#makeRandom = makeRandom
  }

  cut(untilMs: number): void {
    if (untilMs > this.#cutUntilMs) this.#cutUntilMs = untilMs
  }

  strike(fault: MessageFault): void {
    // Windows that have passed are dropped here, so that a long run's list stays as short as what is still to come.
    this.#faults = [...this.#faults.filter((other) => endMs(other) > fault.atMs), fault]
  }

  /** How long a message that sets out at `atMs` takes, or NONE when it is lost. */
  transmit(leg: Leg, atMs: number): number {
    const rates = leg === 'request' ? this.#legs.request : this.#legs.reply
    const delayMs = this.#delay(rates)
    let slowedByMs = 0
    if (atMs < this.#cutUntilMs) return NONE
    if (rates.lossPerMille > 0 && this.#stream().chance(rates.lossPerMille)) return NONE
    for (let at = 0; at < this.#faults.length; at++) {
      const fault = this.#faults[at] as MessageFault
      if (fault.leg !== leg || atMs < fault.atMs || atMs >= endMs(fault)) continue
      if (fault.kind === 'drop') return NONE
      if (fault.kind === 'delay') slowedByMs = Math.max(slowedByMs, fault.delayMs)
    }
    return delayMs + slowedByMs
  }

  /** How long the second copy of a message takes, or NONE when there is none. It is delayed and lost like any other. */
  transmitCopy(leg: Leg, atMs: number): number {
    const { duplicatePerMille } = leg === 'request' ? this.#legs.request : this.#legs.reply
    const doubled =
      (duplicatePerMille > 0 && this.#stream().chance(duplicatePerMille)) ||
      (this.#faults.length > 0 &&
        this.#faults.some(
          (fault) => fault.kind === 'duplicate' && fault.leg === leg && atMs >= fault.atMs && atMs < endMs(fault),
        ))
    return doubled ? this.transmit(leg, atMs) : NONE
  }

  /** By how much what sets out on this link at `atMs` is slowed, whichever way it goes. */
  slowedByMs(atMs: number): number {
    const slow = this.#faults.filter((fault) => fault.kind === 'delay' && fault.atMs <= atMs && atMs < endMs(fault))
    return slow.reduce((longest, fault) => (fault.kind === 'delay' ? Math.max(longest, fault.delayMs) : longest), 0)
  }

  /** Until when nothing that sets out gets to the store. */
  cutOffUntilMs(atMs: number): number {
    return this.#dropping('request', atMs).reduce((last, fault) => Math.max(last, endMs(fault)), this.#cutUntilMs)
  }

  /** Whether what gets to the store is not answered. */
  losesReplies(atMs: number): boolean {
    return this.#dropping('reply', atMs).length > 0
  }

  #dropping(leg: Leg, atMs: number): readonly MessageFault[] {
    return this.#faults.filter(
      (fault) => fault.kind === 'drop' && fault.leg === leg && fault.atMs <= atMs && atMs < endMs(fault),
    )
  }

  /** How long a step of a command that came by this link takes. */
  stepMs(maxMs: number): number {
    return maxMs === 0 ? 0 : this.#stream().int(0, maxMs)
  }

  #delay({ minMs, maxMs }: LegRates): number {
    return minMs === maxMs ? minMs : this.#stream().int(minMs, maxMs)
  }

  /** Made on first use: with many nodes most of the cost of a link is seeding its stream. */
  #stream(): Random {
    this.#random ??= this.#makeRandom()
    return this.#random
  }
}

const NO_FAULTS: readonly MessageFault[] = []

const endMs = (fault: MessageFault): number => fault.atMs + fault.durationMs
