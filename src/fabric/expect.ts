import { sortedJson } from './evidence.js'

/** What is not as it must be, in words. Only what is expected is looked at; what is absent is not as it must be. */
export function differences(found: object | null, expected: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(expected).flatMap(([name, wanted]) => {
    const is = found === null ? undefined : Reflect.get(found, name)
    if (sortedJson(is) === sortedJson(wanted)) return []
    return [`${name.replaceAll('_', ' ')}: ${shown(is)}, not ${shown(wanted)}`]
  })
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : sortedJson(value)
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}
