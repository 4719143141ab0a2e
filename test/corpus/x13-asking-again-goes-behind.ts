import { stepLease, withLease } from './machine.js'

/** Who asks again for what it waits for loses its place to those who came later. */
export default withLease('X13 who asks again goes behind', (record, command, nowMs, mint) => {
  const step = stepLease(record, command, nowMs, mint)
  if (command.kind !== 'acquire' || command.queueMs === 0) return step
  if (step.reply.kind !== 'lease-held' && step.reply.kind !== 'queued') return step
  const isOwn = ({ owner }: { readonly owner: string }) => owner === command.owner
  const { waiters } = step.record
  const others = waiters.filter((waiter) => !isOwn(waiter))
  return {
    record: { ...step.record, waiters: [...others, ...waiters.filter(isOwn)] },
    reply: { ...step.reply, position: waiters.length },
  }
})
