import type { Fault, Random } from '../kernel/index.js'

/** The kinds of fault that exploration switches on and off, and counts. */
export const faultKinds = [
  'pause',
  'crash',
  'clock-jump',
  'clock-drift',
  'partition',
  'lost-request',
  'lost-reply',
  'slow-request',
  'slow-reply',
  'doubled-request',
  'doubled-reply',
  'slow-store',
  'store-restart',
] as const

export type FaultKind = (typeof faultKinds)[number]

export function kindOf(fault: Fault): FaultKind | 'restart' {
  switch (fault.kind) {
    case 'skew':
      return 'clock-jump'
    case 'drift':
      return 'clock-drift'
    case 'drop':
      return `lost-${fault.leg}`
    case 'delay':
      return `slow-${fault.leg}`
    case 'duplicate':
      return `doubled-${fault.leg}`
    default:
      return fault.kind
  }
}

/** What a fault is drawn by. */
export interface Strike {
  readonly node: number
  readonly atMs: number
  /** Nothing lasts longer. */
  readonly untilMs: number
  readonly nodes: number
  readonly ttlMs: number
  readonly maxDriftPpm: number
}

/** Draws a fault of `kind`. Lengths are about the TTL: shorter, as long, or so long that two others have held the lease meanwhile. */
export function drawFault(kind: FaultKind, random: Random, strike: Strike): Fault {
  const { node, atMs, untilMs, nodes, ttlMs, maxDriftPpm } = strike
  const leftMs = Math.max(0, untilMs - atMs)
  const spanMs = random.pick([ttlMs >> 2, ttlMs, 2 * ttlMs, 5 * ttlMs])
  const durationMs = Math.min(leftMs, random.int(1, Math.max(1, spanMs)))
  switch (kind) {
    case 'pause':
      return { kind: 'pause', node, atMs, durationMs }
    case 'crash':
      return random.chance(750)
        ? { kind: 'crash', node, atMs, restartAfterMs: durationMs }
        : { kind: 'crash', node, atMs }
    case 'clock-jump':
      return { kind: 'skew', node, atMs, byMs: random.int(-4 * ttlMs, 4 * ttlMs) }
    case 'clock-drift':
      return { kind: 'drift', node, atMs, ppm: driftPpm(maxDriftPpm, random) }
    case 'partition': {
      const others = Array.from({ length: nodes }, (_, index) => index).filter(
        (index) => index === node || random.chance(300),
      )
      return { kind: 'partition', nodes: others, atMs, durationMs }
    }
    case 'lost-request':
    case 'lost-reply':
      return { kind: 'drop', leg: legOf(kind), node, atMs, durationMs: shortened(durationMs, random) }
    case 'doubled-request':
    case 'doubled-reply':
      return { kind: 'duplicate', leg: legOf(kind), node, atMs, durationMs: shortened(durationMs, random) }
    case 'slow-request':
    case 'slow-reply': {
      const delayMs = Math.min(Math.max(0, leftMs - 1), random.int(1, 3 * ttlMs))
      const windowMs = Math.min(shortened(durationMs, random), leftMs - delayMs)
      return { kind: 'delay', leg: legOf(kind), node, atMs, durationMs: windowMs, delayMs }
    }
    case 'slow-store': {
      const delayMs = Math.min(Math.max(0, leftMs - 1), random.int(1, ttlMs))
      return { kind: 'slow-store', atMs, durationMs: Math.min(durationMs, leftMs - delayMs), delayMs }
    }
    case 'store-restart':
      return {
        kind: 'store-restart',
        atMs,
        durationMs: Math.min(leftMs, random.pick([0, durationMs])),
        unsynced: random.chance(500) ? 'lost' : 'kept',
      }
  }
}

/** Often as slow as it may be: who does not allow for that is wrong by few milliseconds then, and by less otherwise. */
const driftPpm = (maxDriftPpm: number, random: Random): number =>
  random.chance(500) ? -maxDriftPpm : random.int(-maxDriftPpm, maxDriftPpm)

/** Often one message alone. */
const shortened = (durationMs: number, random: Random): number =>
  random.chance(500) ? Math.min(durationMs, 2) : durationMs

const legOf = (kind: `${string}-${'request' | 'reply'}`): 'request' | 'reply' =>
  kind.endsWith('request') ? 'request' : 'reply'
