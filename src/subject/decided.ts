import type { Command, Reply } from '../protocol/index.js'
import { SubjectFault } from './guard.js'

/** What is wrong with an answer that is another than the one that `command` had decided on; undefined when nothing is. */
export function answeredOtherwise(
  subject: string,
  { kind }: Command,
  decided: Reply,
  answer: Reply,
): SubjectFault | undefined {
  const difference = differenceOf(decided, answer)
  if (difference === undefined) return undefined
  const { found, expected } = difference
  const message = `subject "${subject}" answered ${kind} with ${found} where it had decided on ${expected}: expected one and the same`
  return new SubjectFault('wrong-shape', kind, message)
}

function differenceOf(decided: Reply, answer: Reply): { found: string; expected: string } | undefined {
  if (decided.kind !== answer.kind) return { found: answer.kind, expected: decided.kind }
  const [before, after] = [shownFields(decided), shownFields(answer)]
  const field = [...new Set([...before.keys(), ...after.keys()])].find((name) => before.get(name) !== after.get(name))
  if (field === undefined) return undefined
  return { found: `${field} ${after.get(field) ?? 'undefined'}`, expected: before.get(field) ?? 'undefined' }
}

/** In the order of their names, whatever the order in which they were written. */
function shownFields(reply: Reply): ReadonlyMap<string, string> {
  const fields = Object.entries({
    ...reply,
    ...('fence' in reply ? { fence: Object.entries(reply.fence).sort() } : {}),
  })
  return new Map(fields.map(([name, value]) => [name, JSON.stringify(value)]))
}
