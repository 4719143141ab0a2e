import type { Fault } from '../kernel/index.js'
import type { Scenario } from '../scenario/index.js'
import { digestText } from '../trace/index.js'
import { type Plan, strategies } from './plan.js'

/** Longer ones are not made: they would not survive a chat or a commit message. */
export const MAX_TOKEN_LENGTH = 120

const PREFIX = 'cx1'

/** What is wrong with a token, in words. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
}

/** `plan` as text that can be pasted; undefined when it does not fit. */
export function tokenOf(plan: Plan, scenario: Scenario): string | undefined {
  const bytes: number[] = []
  number(bytes, idOf(scenario))
  number(bytes, plan.seed)
  number(bytes, strategies.indexOf(plan.strategy))
  const names = Object.keys(scenario.parameters)
  const changed = names.map((name) => plan.parameters[name] !== scenario.parameters[name]?.default)
  for (let from = 0; from < names.length; from += 7) {
    number(
      bytes,
      changed.slice(from, from + 7).reduce((mask, is, bit) => mask | (is ? 1 << bit : 0), 0),
    )
  }
  for (const [index, name] of names.entries()) if (changed[index]) signed(bytes, plan.parameters[name] as number)
  for (const fault of plan.faults) {
    const [code, fields] = layoutOf(fault)
    number(bytes, code)
    for (const field of fields) signed(bytes, field)
  }
  const token = `${PREFIX}${Buffer.from([...bytes, ...checkOf(bytes)]).toString('base64url')}`
  return token.length <= MAX_TOKEN_LENGTH ? token : undefined
}

export const isToken = (text: string): boolean => text.startsWith(PREFIX) && !/[./\\]/.test(text)

/** The plan that `token` stands for. Throws TokenError when it is damaged, or of a scenario that is not among these. */
export function planOf(token: string, scenarios: readonly Scenario[]): Plan {
  const text = token.slice(PREFIX.length)
  const whole = Buffer.from(text, 'base64url')
  const bytes = [...whole.subarray(0, -CHECK_BYTES)]
  const check = [...whole.subarray(-CHECK_BYTES)]
  const isWhole = isToken(token) && whole.toString('base64url') === text && `${checkOf(bytes)}` === `${check}`
  if (!isWhole) throw new TokenError('the token is damaged: it was not copied whole, or is of another version')
  const read = reader(bytes)
  const id = read.number()
  const scenario = scenarios.find((each) => idOf(each) === id)
  if (scenario === undefined)
    throw new TokenError('the token is of a scenario that does not exist here, or has changed since')
  const seed = read.number()
  const strategy = strategies[read.number()]
  const names = Object.keys(scenario.parameters)
  const masks = Array.from({ length: Math.ceil(names.length / 7) }, () => read.number())
  const parameters = names.map((name, index) => {
    const isChanged = ((masks[Math.floor(index / 7)] as number) >> (index % 7)) & 1
    return [name, isChanged ? read.signed() : (scenario.parameters[name]?.default ?? 0)] as const
  })
  const faults: Fault[] = []
  while (!read.done()) faults.push(faultOf(read))
  if (strategy === undefined) throw new TokenError('the token is of another version')
  return { scenario: scenario.name, seed, strategy, parameters: Object.fromEntries(parameters), faults }
}

const CHECK_BYTES = 4

/** Tells a token that was cut or mistyped from a whole one. */
function checkOf(bytes: readonly number[]): readonly number[] {
  const check = digestText(String.fromCharCode(...bytes))
  return [check & 255, (check >> 8) & 255, (check >> 16) & 255, (check >> 24) & 255]
}

/** A scenario with other parameters, or other defaults, is another one: its tokens would mean something else here. */
function idOf({ name, parameters }: Scenario): number {
  const defaults = Object.entries(parameters).map(([each, definition]) => [each, definition.default])
  return digestText(JSON.stringify([name, defaults])) & 0x3fff
}

/** Seven bits a byte, the lowest first. */
function number(bytes: number[], value: number): void {
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
}

const signed = (bytes: number[], value: number): void => number(bytes, value >= 0 ? value * 2 : -value * 2 - 1)

interface Reader {
  number(): number
  signed(): number
  done(): boolean
}

function reader(bytes: readonly number[]): Reader {
  let at = 0
  const next = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new TokenError('the token ends too early')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  return {
    number: next,
    signed() {
      const value = next()
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    },
    done: () => at >= bytes.length,
  }
}

const legs = ['request', 'reply'] as const

/** By fault, its number in a token and what follows it. */
function layoutOf(fault: Fault): readonly [code: number, fields: readonly number[]] {
  switch (fault.kind) {
    case 'pause':
      return [0, [fault.node, fault.atMs, fault.durationMs]]
    case 'crash':
      return [1, [fault.node, fault.atMs, fault.restartAfterMs ?? -1]]
    case 'restart':
      return [2, [fault.node, fault.atMs]]
    case 'skew':
      return [3, [fault.node, fault.atMs, fault.byMs]]
    case 'drift':
      return [4, [fault.node, fault.atMs, fault.ppm]]
    case 'partition':
      return [5, [fault.atMs, fault.durationMs, fault.nodes.length, ...fault.nodes]]
    case 'drop':
      return [6, [legs.indexOf(fault.leg), fault.node, fault.atMs, fault.durationMs]]
    case 'duplicate':
      return [7, [legs.indexOf(fault.leg), fault.node, fault.atMs, fault.durationMs]]
    case 'delay':
      return [8, [legs.indexOf(fault.leg), fault.node, fault.atMs, fault.durationMs, fault.delayMs]]
    case 'store-restart':
      return [9, [fault.atMs, fault.durationMs, fault.unsynced === 'lost' ? 1 : 0]]
    case 'slow-store':
      return [10, [fault.atMs, fault.durationMs, fault.delayMs]]
  }
}

function faultOf(read: Reader): Fault {
  const code = read.number()
  const next = () => read.signed()
  const leg = () => legs[next()] ?? 'request'
  switch (code) {
    case 0:
      return { kind: 'pause', node: next(), atMs: next(), durationMs: next() }
    case 1: {
      const [node, atMs, restartAfterMs] = [next(), next(), next()]
      return restartAfterMs < 0 ? { kind: 'crash', node, atMs } : { kind: 'crash', node, atMs, restartAfterMs }
    }
    case 2:
      return { kind: 'restart', node: next(), atMs: next() }
    case 3:
      return { kind: 'skew', node: next(), atMs: next(), byMs: next() }
    case 4:
      return { kind: 'drift', node: next(), atMs: next(), ppm: next() }
    case 5: {
      const [atMs, durationMs, count] = [next(), next(), next()]
      return { kind: 'partition', atMs, durationMs, nodes: Array.from({ length: count }, next) }
    }
    case 6:
    case 7:
      return { kind: code === 6 ? 'drop' : 'duplicate', leg: leg(), node: next(), atMs: next(), durationMs: next() }
    case 8:
      return { kind: 'delay', leg: leg(), node: next(), atMs: next(), durationMs: next(), delayMs: next() }
    case 9:
      return { kind: 'store-restart', atMs: next(), durationMs: next(), unsynced: next() === 1 ? 'lost' : 'kept' }
    case 10:
      return { kind: 'slow-store', atMs: next(), durationMs: next(), delayMs: next() }
    default:
      throw new TokenError('the token is of another version')
  }
}
