import type { TraceEvent } from './event.js'

/** Whether `event` is about the request that `last` is about: on its way, sent again, or answered. */
export function isSameRequest(event: TraceEvent, last: TraceEvent | undefined): boolean {
  return (
    last !== undefined &&
    last.command !== 'none' &&
    event.command === last.command &&
    event.node === last.node &&
    event.task === last.task &&
    event.request === last.request
  )
}

/** Names the request that an event is about. */
export const requestOf = ({ node, task, request }: TraceEvent): string => `${node}/${task}/${request}`
