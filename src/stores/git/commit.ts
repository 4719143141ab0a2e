import type { Swap } from '../store.js'
import { fromLine, toLine } from './line.js'

/** What a swap did to the log: the documents as they were put. */
export type KeptEffect =
  | { readonly kind: 'append'; readonly event: KeptEvent }
  | { readonly kind: 'checkpoint'; readonly checkpoint: string }
  | { readonly kind: 'truncate'; readonly beforeSeq: number }

export interface KeptEvent {
  readonly seq: number
  readonly text: string
}

/** What a swap did besides putting a new record. */
export interface Change {
  /** The session that was told something, and what; undefined when nobody was. */
  readonly sessionKey: string
  readonly session: string | undefined
  readonly effect: KeptEffect | undefined
}

/** A swap as a commit keeps it. */
export interface SwapCommit extends Change {
  readonly tree: string
  /** Undefined of the first. */
  readonly parent: string | undefined
  /** Of the space, with this swap in it. */
  readonly version: number
  readonly record: string
}

const FORMAT = '2'
const WHO = 'contention <contention@localhost>'
/** So that `git log --oneline` shows one line. */
const LONGEST_WORD = 60

export function changeOf({ sessionKey, session, effect }: Swap): Change {
  return { sessionKey, session, effect: effect === undefined ? undefined : kept(effect) }
}

function kept(effect: NonNullable<Swap['effect']>): KeptEffect {
  switch (effect.kind) {
    case 'append':
      return { kind: 'append', event: { seq: effect.event.seq, text: JSON.stringify(effect.event) } }
    case 'checkpoint':
      return { kind: 'checkpoint', checkpoint: JSON.stringify(effect.checkpoint) }
    case 'truncate':
      return effect
  }
}

/**
 * A swap as git keeps a commit: a subject for people, then trailers, which `git interpret-trailers --parse` and
 * `git log --format='%(trailers:key=Event,valueonly)'` take apart.
 */
export function formatCommit(
  swap: Swap,
  { effect, sessionKey, session }: Change,
  tree: string,
  parent: string | undefined,
): string {
  const when = `${WHO} ${Math.max(0, Math.floor(swap.atMs / 1_000))} +0000`
  return [
    `tree ${tree}`,
    ...(parent === undefined ? [] : [`parent ${parent}`]),
    `author ${when}`,
    `committer ${when}`,
    '',
    subjectOf(swap),
    '',
    `Contention: ${FORMAT}`,
    `Version: ${swap.version + 1}`,
    ...(effect === undefined ? [] : [effectLine(effect)]),
    ...(session === undefined ? [] : [`Session: ${sessionKey}`, `Told: ${toLine(session)}`]),
    `Record: ${toLine(swap.record)}`,
    '',
  ].join('\n')
}

function subjectOf({ command, by, effect }: Swap): string {
  const did = oneWord(command)
  switch (effect?.kind) {
    case 'append':
      return `${did} ${effect.event.seq} ${oneWord(effect.event.type)} by ${oneWord(effect.event.owner)}`
    case 'checkpoint':
      return `${did} before ${effect.checkpoint.nextSeq} by ${by}`
    case 'truncate':
      return `${did} before ${effect.beforeSeq} by ${by}`
    case undefined:
      return `${did} by ${by}`
  }
}

/** Without what could break the line, or turn its direction around on a terminal. */
const oneWord = (text: string): string =>
  [...text.slice(0, LONGEST_WORD * 2).replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')]
    .slice(0, LONGEST_WORD)
    .join('')
    .trim() || '?'

function effectLine(effect: KeptEffect): string {
  switch (effect.kind) {
    case 'append':
      return `Event: ${effect.event.text}`
    case 'checkpoint':
      return `Checkpoint: ${effect.checkpoint}`
    case 'truncate':
      return `Truncate: ${effect.beforeSeq}`
  }
}

const SHAPE = /^tree ([0-9a-f]+)\n(?:parent ([0-9a-f]+)\n)?author .*\ncommitter .*\n\n.+\n\n([\s\S]*)\n$/

/** The swap that a commit keeps, or, as text, what is there instead. */
export function parseCommit(content: string): SwapCommit | string {
  const [, tree, parent, trailers] = SHAPE.exec(content) ?? []
  if (tree === undefined || trailers === undefined) return "a commit of somebody else's"
  const lines = new Map(trailers.split('\n').map((line) => split(line)))
  const format = lines.get('Contention')
  if (format === undefined) return "a commit of somebody else's"
  if (format !== FORMAT)
    return `a commit that another version of contention made (format ${format}; this one is ${FORMAT})`
  const version = Number(lines.get('Version'))
  const record = lines.get('Record')
  const sessionKey = lines.get('Session')
  const session = lines.get('Told')
  const whole = record !== undefined && (sessionKey === undefined) === (session === undefined)
  if (!whole || !Number.isSafeInteger(version) || (version === 1) !== (parent === undefined)) {
    return 'a commit of contention that was changed'
  }
  const effect = effectOf(lines)
  const told = session === undefined ? undefined : fromLine(session)
  return { tree, parent, version, record: fromLine(record), sessionKey: sessionKey ?? '', session: told, effect }
}

function split(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(': ')
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 2)]
}

function effectOf(lines: ReadonlyMap<string, string>): KeptEffect | undefined {
  const text = lines.get('Event')
  const checkpoint = lines.get('Checkpoint')
  const beforeSeq = lines.get('Truncate')
  if (text !== undefined) return { kind: 'append', event: { seq: seqOf(text), text } }
  if (checkpoint !== undefined) return { kind: 'checkpoint', checkpoint }
  return beforeSeq === undefined ? undefined : { kind: 'truncate', beforeSeq: Number(beforeSeq) }
}

/** The `seq` of an event's document. It stands first, unless somebody wrote the event otherwise than the log does. */
export function seqOf(text: string): number {
  const [, first] = /^\{"seq":(\d+)[,}]/.exec(text) ?? []
  return first === undefined ? (JSON.parse(text) as { seq: number }).seq : Number(first)
}
