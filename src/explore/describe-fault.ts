import type { Fault } from '../kernel/index.js'
import { kindOf } from './fault-kinds.js'

/** A fault in words: its kind, what it strikes, and how hard. */
export const describeFault = (fault: Fault): string =>
  [kindOf(fault), struckOf(fault), hardnessOf(fault)].filter((part) => part !== '').join(' ')

function struckOf(fault: Fault): string {
  const nodes = 'node' in fault ? [fault.node] : 'nodes' in fault ? fault.nodes : []
  return nodes.length === 0 ? '' : `of ${nodes.map((node) => `node-${node}`).join(', ')}`
}

function hardnessOf(fault: Fault): string {
  switch (fault.kind) {
    case 'restart':
      return ''
    case 'crash':
      return fault.restartAfterMs === undefined ? 'for good' : `for ${fault.restartAfterMs} ms`
    case 'skew':
      return `by ${fault.byMs} ms`
    case 'drift':
      return `by ${fault.ppm} ppm`
    case 'delay':
    case 'slow-store':
      return `by ${fault.delayMs} ms, for ${fault.durationMs} ms`
    case 'store-restart':
      return `for ${fault.durationMs} ms, what is not synced is ${fault.unsynced}`
    default:
      return `for ${fault.durationMs} ms`
  }
}
