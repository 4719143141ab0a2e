/** One way of a message: a node's request to the subject, or the subject's reply to the node. */
export type Leg = 'request' | 'reply'

/**
 * Something the world does, at a virtual time. A window `[atMs, atMs + durationMs)` strikes the messages that set out
 * in it: what is on its way already arrives. A slow request and a slow reply are different faults, because only after the
 * second has the step happened. Of several delays at once the longest counts.
 */
export type Fault =
  /** The node does nothing for `durationMs`; what reaches it meanwhile waits. Its clock goes on. */
  | { readonly kind: 'pause'; readonly node: number; readonly atMs: number; readonly durationMs: number }
  /** The node loses its memory; it comes back after `restartAfterMs`, or stays down when that is absent. */
  | { readonly kind: 'crash'; readonly node: number; readonly atMs: number; readonly restartAfterMs?: number }
  /** A node that is down starts again. */
  | { readonly kind: 'restart'; readonly node: number; readonly atMs: number }
  /** The node's clock jumps by `byMs`, forwards or back, and stays so. */
  | { readonly kind: 'skew'; readonly node: number; readonly atMs: number; readonly byMs: number }
  /** From now on the node's clock gains `ppm` parts per million (loses when negative; above -1,000,000). */
  | { readonly kind: 'drift'; readonly node: number; readonly atMs: number; readonly ppm: number }
  /** What sets out between these nodes and the subject is lost, either way. */
  | {
      readonly kind: 'partition'
      readonly nodes: readonly number[]
      readonly atMs: number
      readonly durationMs: number
    }
  /** Messages on this leg are lost, or arrive twice. */
  | {
      readonly kind: 'drop' | 'duplicate'
      readonly leg: Leg
      readonly node: number
      readonly atMs: number
      readonly durationMs: number
    }
  /** Messages on this leg take `delayMs` longer. */
  | {
      readonly kind: 'delay'
      readonly leg: Leg
      readonly node: number
      readonly atMs: number
      readonly durationMs: number
      readonly delayMs: number
    }
  /** The store stops, and is back after `durationMs`; what was written but not synced is `kept` or `lost`. */
  | {
      readonly kind: 'store-restart'
      readonly atMs: number
      readonly durationMs: number
      readonly unsynced: 'kept' | 'lost'
    }
  /** Every step of the subject waits `delayMs` at the store. */
  | { readonly kind: 'slow-store'; readonly atMs: number; readonly durationMs: number; readonly delayMs: number }

/** A fault on messages, as opposed to one on a node or its clock. */
export type MessageFault = Extract<Fault, { leg: Leg }>

const faultKinds: ReadonlySet<string> = new Set<Fault['kind']>([
  'pause',
  'crash',
  'restart',
  'skew',
  'drift',
  'partition',
  'drop',
  'duplicate',
  'delay',
  'store-restart',
  'slow-store',
])

/** @throws RangeError for a kind that there is not, for times and lengths that are not whole numbers from 0 on, and for a clock that would stand or run back */
export function checkFault(fault: Fault): void {
  const { kind, atMs } = fault
  if (!faultKinds.has(kind)) {
    throw new RangeError(`a fault of kind ${JSON.stringify(kind)}: expected one of ${[...faultKinds].join(', ')}`)
  }
  checkTime(kind, 'atMs', atMs)
  if ('durationMs' in fault) checkTime(kind, 'durationMs', fault.durationMs)
  if (kind === 'delay' || kind === 'slow-store') checkTime(kind, 'delayMs', fault.delayMs)
  if (kind === 'crash' && fault.restartAfterMs !== undefined) checkTime(kind, 'restartAfterMs', fault.restartAfterMs)
  if (kind === 'skew' && !Number.isSafeInteger(fault.byMs)) {
    throw new RangeError(`a skew with byMs ${fault.byMs}: expected a whole number`)
  }
  if (kind === 'drift' && (!Number.isSafeInteger(fault.ppm) || fault.ppm <= -1_000_000)) {
    throw new RangeError(`a drift of ${fault.ppm} ppm: expected a whole number above -1000000`)
  }
}

function checkTime(kind: Fault['kind'], field: string, valueMs: number): void {
  if (Number.isSafeInteger(valueMs) && valueMs >= 0) return
  throw new RangeError(`a ${kind} with ${field} ${valueMs}: expected a whole number, 0 or more`)
}
