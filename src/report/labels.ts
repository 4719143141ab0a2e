import type { Divergence, ScenarioOutcome } from './report.js'
import { shortSignature } from './signature.js'

/** `PASS` or `FAIL`. */
export function passFailLabel(passed: boolean): string {
  return passed ? 'PASS' : 'FAIL'
}

/** A scenario with what else it takes to run it again: `lease-renewal-contention (seed 1)`. */
export function scenarioLabel({ scenario, seed }: Pick<ScenarioOutcome, 'scenario' | 'seed'>): string {
  return `${scenario} (seed ${seed})`
}

/** A whole number with its thousands apart, the same in every locale. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : many}`
}

/** Why an outcome failed, one line a reason. Empty when it passed. */
export function failureReasons({ divergence, invariants, budget }: ScenarioOutcome): readonly string[] {
  const reasons: string[] = []
  if (divergence !== undefined) {
    reasons.push(divergenceText(divergence))
  }
  for (const { name, held, violations, first } of invariants) {
    if (held || first === undefined) continue
    const times = violations === 1 ? 'once' : `${grouped(violations)} times, first`
    reasons.push(`invariant ${name} broke ${times} at event ${first.index}, ${first.atMs} ms: ${first.message}`)
  }
  for (const { met, reason } of budget?.checks ?? []) if (!met) reasons.push(`over budget: ${reason}`)
  return reasons.map(oneLine)
}

/**
 * Names and messages are the user's, and may be of several lines, whatever ends them, or hold half a character, which no file can
 * keep.
 */
export const oneLine = (text: string): string =>
  text.replaceAll(/\s*[\r\n\u2028\u2029]\s*/g, ' ').replaceAll(/\p{Surrogate}/gu, '\uFFFD')

/** What to do about an invariant of which two runs of the same trace have different verdicts. */
const VERDICTS_TODO =
  'have an invariant remember what it must in what `begin` makes, not in the module, and take no time nor chance'

/** What to do about what makes two runs differ. */
export const divergenceTodo = ({ invariants }: Divergence): string =>
  invariants === undefined ? DETERMINISM_TODO : VERDICTS_TODO

/** What to do about a subject or scenario of which two runs differ. */
export const DETERMINISM_TODO =
  'take time from nowMs, chance from random (of a node: node.nowMs, node.random), and keep state in the part or in durable, not in the module'

function divergenceText({ first, digests, invariants }: Divergence): string {
  if (invariants !== undefined) {
    return `not deterministic: the same trace twice, but not the same verdict of ${invariants.join(', ')}, which may keep something from run to run, or leave something to chance`
  }
  if (first === undefined) {
    return `not deterministic: two runs gave ${shortSignature(digests[0])} and ${shortSignature(digests[1])}, and agreed whenever they were recorded`
  }
  return `not deterministic, from event ${first.index} on: in one run "${first.events[0] ?? 'the end'}", in the other "${first.events[1] ?? 'the end'}"`
}

/** A word as a POSIX shell takes it: in quotes only where it needs them. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The command that shows step by step what an outcome is about. */
export function replayCommand({
  scenario,
  seed,
  overrides,
  replayOptions = '',
}: Pick<ScenarioOutcome, 'scenario' | 'seed' | 'overrides' | 'replayOptions'>): string {
  const options = Object.entries(overrides).map(([name, value]) => ` --param ${shellWord(`${name}=${value}`)}`)
  return `npx contention replay ${scenario} --seed ${seed}${options.join('')}${replayOptions} --trace`
}
