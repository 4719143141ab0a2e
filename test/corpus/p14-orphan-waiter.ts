import { defineSubject } from './machine.js'

interface Place {
  readonly owner: string
  readonly id: number
  keptUntilMs: number
}

/** A claimant whose reply was lost queues a second time, and waits behind itself for ever: go-zookeeper #229. */
export default defineSubject({
  name: 'P14 a lost enqueue reply leaves an orphan waiter',
  core({ builtIn, durable }) {
    const queues = durable('queues', () => new Map<string, Place[]>())
    return {
      ...builtIn.core,
      acquire(command, nowMs) {
        const { space, owner, request, queueMs } = command
        const kept = (queues.get(space) ?? []).filter(({ keptUntilMs }) => keptUntilMs > nowMs)
        queues.set(space, kept)
        const own = kept.filter((place) => place.owner === owner)
        for (const place of own) place.keptUntilMs = nowMs + queueMs
        if (queueMs > 0 && !command.inQueue) {
          const place = { owner, id: request, keptUntilMs: nowMs + queueMs }
          kept.push(place)
          own.push(place)
        }
        const lease = builtIn.spaces.get(space)?.record.lease
        const live = lease !== undefined && nowMs < lease.expiresAtMs
        // It watches the place before its own latest one, though that may be its own as well.
        if (!live && kept[0] !== undefined && kept[0] !== own.at(-1)) {
          return {
            kind: 'queued',
            ahead: kept[0].owner,
            epoch: 0,
            position: kept.indexOf(own.at(-1) as Place) + 1,
            keptUntilMs: nowMs + queueMs,
          }
        }
        const reply = builtIn.core.acquire({ ...command, queueMs: 0 }, nowMs)
        if (reply.kind === 'granted' && own.length > 0) kept.splice(kept.indexOf(own.at(-1) as Place), 1)
        return reply.kind === 'lease-held' && own.length > 0
          ? { ...reply, position: kept.indexOf(own.at(-1) as Place) + 1, keptUntilMs: nowMs + queueMs }
          : reply
      },
    }
  },
})
