import { type Cast, contenderName, contenderOf, isAnswer, requestOf, type TraceEvent } from '../trace/index.js'

/** By invariant, the commands of which it matters that they have taken effect, though nobody was told. */
const matters: Readonly<Record<string, readonly TraceEvent['command'][]>> = {
  'mutual-exclusion': ['release'],
  'fenced-writes': ['renew'],
  'valid-means-held': ['renew'],
  'contiguous-log': ['append'],
  'fair-jobs': ['take', 'complete', 'fail'],
}

/**
 * The last command in `past` that may have taken effect in a step before its last, and was not answered: where it says nothing of
 * that, a right subject is told as wrong.
 */
export function undecided(past: readonly TraceEvent[], invariant: string, cast: Cast): string | undefined {
  const kinds = matters[invariant] ?? []
  const last = past.at(-1)
  const open = new Map<string, TraceEvent>()
  const settled = new Set<string>()
  for (const event of past) {
    if (!kinds.includes(event.command) || event.space !== last?.space) continue
    const request = requestOf(event)
    if (event.kind === 'stepped') open.set(request, event)
    else if (isAnswer(event)) settled.add(request)
  }
  const left = [...open].findLast(([request]) => !settled.has(request))?.[1]
  if (left === undefined) return undefined
  const who = `${left.command} #${left.request} of ${contenderName(contenderOf(left, cast), cast)}`
  return `note       ${who} had taken step ${left.seq}: if it takes effect there, have it say \`decided\``
}
