import type { Project } from '../../config/index.js'
import { InputError, MAX_SEED } from '../../input/index.js'
import type { Io } from '../terminal/io.js'
import { PATIENCE_MS } from '../threads/hang.js'

/** Options that every command which runs scenarios has, as they were typed. */
export interface CommonOptions {
  readonly config?: string
  readonly seed?: string
  readonly param?: readonly string[]
  readonly budget?: string
  readonly maxEvents?: string
  readonly patience?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly store?: string
}

/** What commands take that measure scenarios on one subject, as typed. */
export interface MeasureOptions extends CommonOptions {
  readonly subject?: string
}

/** What `replay` takes, as typed. */
export interface ReplayOptions extends MeasureOptions {
  readonly trace?: boolean
  readonly invariant?: readonly string[]
  readonly node?: string
  readonly space?: string
  readonly from?: string
  readonly to?: string
}

/** What `explore` takes, as typed. */
export interface ExploreCliOptions extends CommonOptions {
  readonly seeds?: string
  readonly time?: string
  readonly fromSeed?: string
  readonly strategy?: string
  readonly subject?: readonly string[]
  readonly invariant?: readonly string[]
  readonly maxFailures?: string
  readonly workers?: string
  readonly output?: string
  readonly save?: boolean
  readonly shrink?: boolean
  readonly verbose?: boolean
}

/** What `tune` takes, as typed. */
export interface TuneOptions extends MeasureOptions {
  readonly seeds?: string
  readonly fromSeed?: string
  readonly headroom?: string
  readonly write?: boolean
  readonly reason?: string
  readonly vary?: string
  readonly workers?: string
}

/** A whole number from `min` to `max`, as typed for `option`. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new InputError({
    what: `${option} cannot be used`,
    found: text,
    expected: `a whole number from ${min} to ${max}`,
  })
}

export function seedOption(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : wholeNumber('--seed', text, 0, MAX_SEED)
}

/** The first of many seeds: at most `max`. */
export function fromSeedOption(text: string | undefined, { seed, configFile }: Project, max: number): number {
  if (text !== undefined) return wholeNumber('--from-seed', text, 0, max)
  if (seed <= max) return seed
  throw new InputError({
    what: 'the seed of the configuration leaves too few after it',
    ...(configFile === undefined ? {} : { file: configFile }),
    at: 'seed',
    found: String(seed),
    expected: `at most ${max} for so many seeds, or --from-seed`,
  })
}

export function maxEventsOption(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : wholeNumber('--max-events', text, 1, Number.MAX_SAFE_INTEGER)
}

/** How long a subject may take to answer one command, in ms. */
export function patienceOption(text: string | undefined): number {
  return text === undefined ? PATIENCE_MS : 1_000 * wholeNumber('--patience', text, 1, 3_600)
}

/** How many threads: one for each core, unless it was said. */
export function workersOption(io: Io, text: string | undefined): number {
  return text === undefined ? io.cores : wholeNumber('--workers', text, 1, 256)
}

/** `--param name=value`, any number of times. */
export function paramOptions(texts: readonly string[] = []): { readonly [name: string]: number } {
  const values = new Map<string, number>()
  for (const text of texts) {
    const [, name, value] = /^(.+)=(-?\d+)$/s.exec(text) ?? []
    if (name === undefined) {
      throw new InputError({
        what: '--param cannot be used',
        found: text,
        expected: 'name=value with a whole number, as in --param ttlMs=500',
      })
    }
    if (values.has(name)) {
      throw new InputError({
        what: `--param ${name} was given more than once`,
        found: `${values.get(name)} and ${value}`,
        expected: 'one value at the most for each parameter',
      })
    }
    values.set(name, Number(value))
  }
  return Object.fromEntries(values)
}
