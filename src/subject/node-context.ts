import type { NodeContext, SubjectContext } from './subject.js'

/** What the clocks of nodes show. */
export interface NodeClocks {
  nowMs(node: string): number
  monotonicMs(node: string): number
}

type Common = Omit<SubjectContext, 'node'>

/** The context of a part that runs on `node`, whose clocks `clocks` are. */
export function onNode(common: Common, node: string, clocks: NodeClocks): SubjectContext {
  const here: NodeContext = {
    name: node,
    clockMs: () => clocks.nowMs(node),
    monotonicMs: () => clocks.monotonicMs(node),
  }
  return Object.defineProperty(common, 'node', { value: here, enumerable: true }) as SubjectContext
}

/**
 * The context of a part that is one for all nodes. That has no node, and only who asks for it is told so: it is not among what is
 * copied with the rest.
 */
export function onNoNode(common: Common): SubjectContext {
  return Object.defineProperty(common, 'node', {
    get() {
      throw new TypeError('`node` of a part that is one for all nodes: expected a subject with runsOn: "nodes"')
    },
  }) as SubjectContext
}
