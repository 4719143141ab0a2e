import { defineSubject } from './machine.js'
import p01 from './p01-resource-ignores-token.js'

const nameOf = ({ epoch, token }: { readonly epoch: number; readonly token: string }): string => `${epoch} ${token}`

/**
 * A library on each node looks at the node's clock, sees that its lease lasts, and writes without the fence: it may be paused in
 * between. Kleppmann, "How to do distributed locking" (2016).
 */
export default defineSubject({
  name: 'X23 writes after a look at its clock',
  runsOn: 'nodes',
  core(context) {
    const { builtIn, step, node } = context
    if (typeof p01.log !== 'function') throw new TypeError('P01 has no log')
    const { append } = p01.log(context)
    if (append === undefined) throw new TypeError('P01 has no append')
    /** Until when the lease of a fence lasts, by this node's clock. */
    const heldUntilMs = new Map<string, number>()
    const parts = { ...builtIn.core, ...builtIn.log, ...builtIn.jobs }
    return {
      async execute(command) {
        const askedMs = node.monotonicMs()
        if (command.kind === 'append') {
          const isHeld = askedMs < (heldUntilMs.get(nameOf(command.fence)) ?? 0)
          return step((nowMs) => (isHeld ? append : builtIn.log.append)(command, nowMs))
        }
        const handler = parts[command.kind] as (
          asked: typeof command,
          nowMs: number,
        ) => ReturnType<typeof builtIn.core.acquire>
        const reply = await step((nowMs) => handler(command, nowMs))
        if (reply.kind === 'granted' && 'ttlMs' in command) {
          heldUntilMs.set(nameOf(reply.fence), askedMs + command.ttlMs)
        } else if (reply.kind === 'renewed' && command.kind === 'renew') {
          heldUntilMs.set(nameOf(command.fence), askedMs + command.ttlMs)
        }
        return reply
      },
    }
  },
})
