import type { Reply } from '../protocol/index.js'

/** What makes an answer another than the one that a command had decided on, in words; undefined when nothing does. */
export function differenceOf(decided: Reply, answer: Reply): string | undefined {
  if (decided.kind !== answer.kind) {
    return `answered ${answer.kind} where it had decided ${decided.kind}: expected one and the same`
  }
  const [before, after] = [shownFields(decided), shownFields(answer)]
  const field = [...new Set([...before.keys(), ...after.keys()])].find((name) => before.get(name) !== after.get(name))
  if (field === undefined) return undefined
  const [one, other] = [after.get(field) ?? 'none', before.get(field) ?? 'none']
  return `answered ${answer.kind} with ${field} ${one} where it had decided on ${other}: expected one and the same`
}

/** In the order of their names, whatever the order in which they were written. */
function shownFields(reply: Reply): ReadonlyMap<string, string> {
  const fields = Object.entries({
    ...reply,
    ...('fence' in reply ? { fence: Object.entries(reply.fence).sort() } : {}),
  })
  return new Map(fields.map(([name, value]) => [name, JSON.stringify(value)]))
}
