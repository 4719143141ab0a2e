import { assemble } from './assemble.js'
import type { Subject } from './subject.js'

/** One is granted; of three others one at least is told its place, also by a core that refuses now and then without need. */
const ASKERS = 4
/** Longer than all of them take to ask. */
const LASTING_MS = 1_000

/**
 * Whether whom `subject` refuses keeps a place in a queue, as its refusals say by a `position`. The built-in core has one; so
 * has, for all that is known, a core that cannot be asked: what is wrong with it a run says better.
 */
export async function hasQueue(subject: Subject): Promise<boolean> {
  if (subject.core === undefined) return true
  const kinds = new Set<string>()
  try {
    const { execute } = assemble(subject, 0)
    for (let atMs = 0; atMs < ASKERS; atMs++) {
      const owner = `node-${atMs}`
      const asked = { space: 'space-0', owner, session: owner, request: 1, clockMs: atMs }
      const lasting = { ttlMs: LASTING_MS, queueMs: LASTING_MS, inQueue: false }
      const reply = await execute({ kind: 'acquire', ...asked, ...lasting }, atMs)
      if ('position' in reply && reply.position > 0) return true
      kinds.add(reply.kind)
    }
  } catch {
    return true
  }
  return !(kinds.has('granted') && kinds.has('lease-held'))
}
