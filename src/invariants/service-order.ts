import { fenceRefusals } from '../protocol/index.js'
import { contenderName, contenderOf, isAcquiring, type TraceEvent } from '../trace/index.js'
import { AtFirstStep } from './at-first-step.js'
import type { Invariant } from './invariant.js'
import { LeaseStandings } from './lease-standings.js'

interface QueuePlace {
  readonly contender: number
  readonly sinceMs: number
  /** At which event of the trace it was asked for at the latest, and at which it was told. */
  readonly askedIndex: number
  readonly toldIndex: number
  /** Until when it is kept for sure, and until when it may be: what was asked for may have taken its time. */
  keptUntilMs: number
  perhapsUntilMs: number
  /** The store has stopped since, or it may have been given up: whether the core still knows of it is not known. */
  mayBeForgotten: boolean
}

/**
 * First come, first served: a space that is free goes to the node that asked first, among those that asked again in time.
 * The order of ZooKeeper's lock recipe. Who holds it still may be granted it anew: it is not free.
 * @param queueMs how long a node keeps its place after each request, as the scenario's nodes ask for it
 */
export function serviceOrder({ queueMs }: { readonly queueMs: number }): Invariant {
  return {
    name: 'service-order',
    rule: 'a free space goes to the node that has waited longest among those whose place in the queue still holds',
    kinds: [
      'stepped',
      'granted',
      'renewed',
      'released',
      'lease-held',
      'queued',
      'superseded',
      ...fenceRefusals,
      'reply-lost',
      'threw',
      'store-restarted',
    ],
    begin(cast) {
      const { spaces } = cast
      // A map keeps the order in which its keys came. Places that were not kept stay until they matter: most events are refusals.
      const queues = spaces.map(() => new Map<number, QueuePlace>())
      const leases = new LeaseStandings(cast)
      /** Of commands that may have been given a place by now, which nobody has been told: whose they are, and where they began. */
      const asking = new AtFirstStep<{ readonly contender: number; readonly index: number }>()
      /** Those that were cut off there. */
      const perhapsWaiting = new Set<number>()
      return {
        step(event) {
          const { index, kind, command, space, seq, atMs, sinceMs, repeated } = event
          if (kind === 'stepped') {
            if (isAcquiring(command)) asking.note(event, { contender: contenderOf(event, cast), index })
            return undefined
          }
          if (kind === 'store-restarted') {
            // A core may keep its queue in memory.
            for (const each of queues) for (const place of each.values()) place.mayBeForgotten = true
            leases.storeRestarted(event)
            return undefined
          }
          if (kind === 'reply-lost' || kind === 'threw') {
            const cut = asking.cut(event)
            if (cut !== undefined) perhapsWaiting.add(cut.contender)
            return undefined
          }
          const queue = queues[space]
          if (queue === undefined) return undefined
          if (kind === 'renewed' || kind === 'released') {
            leases.changed(event)
            return undefined
          }
          if (kind !== 'granted' && kind !== 'lease-held' && kind !== 'queued') {
            asking.take(event)
            return undefined
          }
          const contender = contenderOf(event, cast)
          // It may have its place, or keep it, by another request that is under way still.
          let askedIndex = index
          let requests = 0
          for (const asked of asking.all()) {
            if (asked.contender !== contender) continue
            askedIndex = Math.min(askedIndex, asked.index)
            requests += 1
          }
          asking.take(event)
          if (kind === 'granted') {
            const isStillHeld = leases.owners[space] === contender && sinceMs < leases.endMs(space)
            leases.granted(event)
            if (repeated) return undefined
            const last = queue.get(contender)
            const place = last !== undefined && last.perhapsUntilMs > sinceMs ? last : undefined
            const mayBeFirst = perhapsWaiting.delete(contender) || requests > 1 || last?.mayBeForgotten === true
            const passed = mayBeFirst ? undefined : firstBefore(place?.askedIndex ?? askedIndex, queue, event)
            queue.delete(contender)
            if (isStillHeld || passed === undefined) return undefined
            return `${spaces[space]} was granted to ${contenderName(contender, cast)} before ${contenderName(passed.contender, cast)}, which waited since ${passed.sinceMs} ms`
          }
          if (seq === 0 || repeated) return undefined
          const place = queue.get(contender)
          const keptUntilMs = sinceMs + queueMs
          const perhapsUntilMs = atMs + queueMs
          if (place !== undefined && place.perhapsUntilMs > sinceMs) {
            if (place.keptUntilMs <= atMs) place.mayBeForgotten = true
            place.keptUntilMs = keptUntilMs
            place.perhapsUntilMs = perhapsUntilMs
          } else {
            queue.delete(contender)
            queue.set(contender, {
              contender,
              sinceMs: atMs,
              askedIndex,
              toldIndex: index,
              keptUntilMs,
              perhapsUntilMs,
              mayBeForgotten: false,
            })
          }
          return undefined
        },
      }
    },
  }
}

/** Who has waited longest of those whose place still holds for sure, and who were told of it before `askedIndex`. Drops what is lost. */
function firstBefore(
  askedIndex: number,
  queue: Map<number, QueuePlace>,
  { sinceMs, atMs }: TraceEvent,
): QueuePlace | undefined {
  for (const place of queue.values()) {
    if (place.toldIndex >= askedIndex) return undefined
    if (place.perhapsUntilMs <= sinceMs) queue.delete(place.contender)
    else if (place.keptUntilMs > atMs && !place.mayBeForgotten) return place
  }
  return undefined
}
