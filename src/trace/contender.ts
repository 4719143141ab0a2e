import type { Cast } from './cast.js'
import type { TraceEvent } from './event.js'

/** One number for each task of each node: who competes with whom. */
export function contenderOf({ node, task }: Pick<TraceEvent, 'node' | 'task'>, { nodes }: Cast): number {
  return task * nodes.length + node
}

/** `node-3`, or `node-3/1` for its second task. */
export function contenderName(contender: number, { nodes }: Cast): string {
  const task = Math.floor(contender / nodes.length)
  const node = nodes[contender % nodes.length] ?? 'nobody'
  return task === 0 ? node : `${node}/${task}`
}
