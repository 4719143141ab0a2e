import { type ParseError, parse, parseTree, printParseErrorCode, visit } from 'jsonc-parser'
import type * as z from 'zod'
import { InputError } from './input-error.js'
import { nearest } from './nearest.js'
import { shownOf } from './secret.js'

/**
 * Reads JSON text, which may begin with a byte order mark. Throws InputError with the line and column of the first syntax
 * error, or of the first key that its object has already: whoever reads on would see another value than whoever looks. So
 * they would with a key that objects here do not take for one.
 */
export function parseJson(text: string, file: string): unknown {
  const json = text.replace(/^\uFEFF/, '')
  const errors: ParseError[] = []
  const value: unknown = parse(json, errors, { disallowComments: true, allowTrailingComma: false })
  const [error] = errors
  if (error !== undefined || parseTree(json) === undefined) {
    throw new InputError({
      what: `${file} is not valid JSON`,
      file,
      at: lineAndColumn(json, error?.offset ?? json.length),
      found: error === undefined ? 'nothing' : words(printParseErrorCode(error.error)),
      expected: 'JSON without comments',
    })
  }
  const prototype = keyAt(json, (key) => key === '__proto__')
  if (prototype !== undefined) {
    throw new InputError({
      what: `${file} has a key that cannot be one`,
      file,
      at: lineAndColumn(json, prototype.offset),
      found: shown(prototype.key),
      expected: 'another name',
    })
  }
  const again = repeatedKey(json)
  if (again === undefined) return value
  throw new InputError({
    what: `${file} says something twice`,
    file,
    at: lineAndColumn(json, again.offset),
    found: `${shown(again.key)} once more`,
    expected: 'each key once in its object',
  })
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

interface KeyAt {
  readonly key: string
  readonly offset: number
}

/** The first key that its object has already, and where it stands. */
export function repeatedKey(json: string): KeyAt | undefined {
  return keyAt(json, (key, before) => before.has(key))
}

function keyAt(json: string, isIt: (key: string, before: ReadonlySet<string>) => boolean): KeyAt | undefined {
  const open: Set<string>[] = []
  let found: KeyAt | undefined
  visit(json, {
    onObjectBegin: () => {
      open.push(new Set())
    },
    onObjectProperty: (key, offset) => {
      const before = open.at(-1) as Set<string>
      if (isIt(key, before)) found ??= { key, offset }
      before.add(key)
    },
    onObjectEnd: () => {
      open.pop()
    },
  })
  return found
}

/** Checks a value against a schema. Throws InputError for the first thing wrong, with its path, what was found and what was expected. */
export function validate<T>(schema: z.ZodType<T>, value: unknown, file: string, what: string): T {
  const result = schema.safeParse(value, { error: expectation })
  if (result.success) return result.data
  const issue = result.error.issues[0] as z.core.$ZodIssue
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const path = unknownKey === undefined ? issue.path : [...issue.path, unknownKey]
  throw new InputError({
    what: `${file} is not ${what}`,
    file,
    at: pathOf(path),
    found: unknownKey === undefined ? shown(foundAt(value, issue)) : 'a field that does not exist',
    expected: unknownKey === undefined ? issue.message : didYouMean(unknownKey, schema, issue.path),
  })
}

/** What was expected, where a schema does not say it itself. */
function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values.map((allowed) => JSON.stringify(allowed)).join(' or ')
    case 'invalid_key':
      return issue.issues[0]?.message
    case 'invalid_format':
      return issue.pattern === undefined ? `text that is a ${issue.format}` : `text like ${issue.pattern}`
    case 'too_small':
      return issue.origin === 'number' ? `${issue.minimum} or more` : undefined
    case 'too_big':
      return issue.origin === 'number' ? `${issue.maximum} at the most` : undefined
    default:
      return undefined
  }
}

/** The kinds of value, in the words of somebody who writes such a file. */
const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list, as in […]',
  object: 'an object, as in { … }',
  record: 'an object, as in { … }',
}

function didYouMean(key: string, schema: z.ZodType, path: readonly PropertyKey[]): string {
  const keys = knownKeys(schema, path)
  const [suggestion] = nearest(key, keys)
  const list = keys.length === 0 ? 'no such field' : `one of ${keys.join(', ')}`
  return suggestion === undefined ? list : `${suggestion}? (${list})`
}

/** The fields an object schema knows at `path`. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let def = unwrapped(schema)
  for (const step of path) {
    if (def.shape !== undefined) def = unwrapped(def.shape[String(step)])
    else if (def.valueType !== undefined) def = unwrapped(def.valueType)
    else if (def.element !== undefined) def = unwrapped(def.element)
  }
  return Object.keys(def.shape ?? {})
}

interface SchemaDef {
  readonly shape?: Record<string, z.ZodType>
  readonly valueType?: z.ZodType
  readonly element?: z.ZodType
  readonly innerType?: z.ZodType
}

function unwrapped(schema: z.ZodType | undefined): SchemaDef {
  const def = (schema?.def ?? {}) as SchemaDef
  return def.innerType === undefined ? def : unwrapped(def.innerType)
}

function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the top level'
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      const name = String(step)
      const plain = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(shownOf(name))
      return index === 0 ? plain : `.${plain}`
    })
    .join('')
}

/** What is wrong: the value there, or the very name it goes by. */
const foundAt = (value: unknown, { code, path }: z.core.$ZodIssue): unknown =>
  code === 'invalid_key' ? path.at(-1) : valueAt(value, path)

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Reflect.get(at, step)
  }
  return at
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  const text = jsonOf(value).replace(/"(?:[^"\\]|\\.)*"/g, (string) =>
    JSON.stringify(shownOf(JSON.parse(string) as string)),
  )
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** As JSON, where that can say it. Of what it cannot, nothing is shown that may hold a password. */
function jsonOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Array.isArray(value) ? 'a list that is not JSON' : 'an object that is not JSON'
  }
}

/** `PropertyNameExpected` as "property name expected". */
function words(code: string): string {
  return code.replace(/[A-Z]/g, (letter, at) => (at === 0 ? letter.toLowerCase() : ` ${letter.toLowerCase()}`))
}
