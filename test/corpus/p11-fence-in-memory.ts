import { defineSubject } from './machine.js'

/** The resource remembers the highest epoch in memory alone: after a restart of the store it takes any: oxia #87. */
export default defineSubject({
  name: 'P11 the fence is kept in memory only',
  log({ builtIn, durable, mint }) {
    const restarts = durable('restarts', () => ({ count: -1 }))
    restarts.count += 1
    // Known from the start of the first run on; a restarted resource hears of an epoch when it is first written under.
    const highest = new Map<string, number>()
    const forgot = restarts.count > 0
    return {
      ...builtIn.log,
      append(command, nowMs) {
        const { fence } = command
        const space = builtIn.spaces.get(fence.space)
        if (space === undefined || !forgot) return builtIn.log.append(command, nowMs)
        const genuine = fence.token === mint(fence.space, fence.owner, fence.epoch)
        if (!genuine || fence.epoch < (highest.get(fence.space) ?? 0)) return builtIn.log.append(command, nowMs)
        highest.set(fence.space, fence.epoch)
        const { record } = space
        const { owner, epoch, token } = fence
        space.record = {
          ...record,
          lease: { ...record.lease, owner, epoch, token, grantedAtMs: 0, expiresAtMs: nowMs + 1 },
        }
        const reply = builtIn.log.append(command, nowMs)
        space.record = { ...space.record, lease: record.lease }
        return reply
      },
    }
  },
})
